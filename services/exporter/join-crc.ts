/**
 * The CRC-32 of two texts put together, of theirs and the length of the second: so what is kept needs not be
 * read again. As zlib's crc32_combine(): a CRC is a polynomial over bits modulo P, and to put n bytes behind
 * it multiplies it by x^8n.
 */
export function joinCrc(first: number, second: number, secondLength: number): number {
  return (times(first, powerOfX(secondLength)) ^ second) >>> 0;
}

/** Bits reflected, as in gzip: the highest one is x^0. */
const P = 0xedb88320;
const X0 = 0x80000000;

function times(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = X0; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ P;
  }
  return product >>> 0;
}

/** x^8n, of the powers of two that n is made of. */
function powerOfX(bytes: number): number {
  let power = X0;
  for (let i = 0, left = bytes; left > 0; i++, left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = times(power, squares(i));
  }
  return power;
}

/** x^(8 × 2^i). */
const SQUARES = [0x00800000];

function squares(i: number): number {
  for (let n = SQUARES.length; n <= i; n++) {
    const before = SQUARES[n - 1] ?? 0;
    SQUARES.push(times(before, before));
  }
  return SQUARES[i] ?? 0;
}
