/**
 * The CRC-32 of two texts joined, computed from theirs and the length of the second, so that what is kept
 * need not be read again. Like zlib's crc32_combine(): a CRC is a polynomial over bits modulo P, and
 * appending n bytes multiplies it by x^8n.
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

/** x^8n, from the powers of two that n is the sum of. */
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
