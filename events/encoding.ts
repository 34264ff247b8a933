/**
 * Bytes that are UTF-8 as far as their beginning tells, without a byte order mark; or the encoding that they
 * are in instead.
 */
export type Utf8 =
  | { readonly kind: 'utf-8'; readonly bytes: Buffer }
  | { readonly kind: 'foreign'; readonly encoding: 'UTF-16' | 'UTF-32' };

/** The encoding can be told from this many bytes. */
export const TELLING_BYTES = 4;

/**
 * JSON is exchanged in UTF-8 (RFC 8259, 8.1). Editors and shells on Windows put a byte order mark before it,
 * which is skipped, or write UTF-16, which would otherwise be taken for UTF-8 with a NUL in every other byte.
 * Without a mark, the zero bytes of the first two characters tell: JSON begins with ASCII (RFC 4627, 3).
 */
export function utf8Of(bytes: Buffer): Utf8 {
  const [a, b, c, d] = bytes;
  const isMarked32 = (a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe);
  if (isMarked32 || (a === 0 && b === 0 && c === 0 && d !== 0 && d !== undefined)) return foreign('UTF-32');
  if (a !== 0 && b === 0 && c === 0 && d === 0) return foreign('UTF-32');
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return foreign('UTF-16');
  if (d !== undefined && (a === 0) !== (b === 0) && (a === 0) === (c === 0) && (b === 0) === (d === 0))
    return foreign('UTF-16');
  const isMarked = a === 0xef && b === 0xbb && c === 0xbf;
  return { kind: 'utf-8', bytes: isMarked ? bytes.subarray(3) : bytes };
}

function foreign(encoding: 'UTF-16' | 'UTF-32'): Utf8 {
  return { kind: 'foreign', encoding };
}

/** The text of a file that is read as a whole; throws if it isn't UTF-8. */
export function textOf(bytes: Buffer): string {
  const utf8 = utf8Of(bytes);
  if (utf8.kind === 'foreign') throw new Error(`it is ${utf8.encoding}, expected UTF-8`);
  return utf8.bytes.toString();
}
