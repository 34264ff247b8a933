import { groupsOf } from './block';
import type { Piece, Slot } from './block';
import type { Bucket } from './bucket';

/** Where a bucket has the lines of a family that don't change from page to page. */
export interface KeptFamily {
  /** Makes them if they don't exist yet. */
  readonly linesOf: (bucket: Bucket) => Buffer;
  /** Replaces them by the same bytes elsewhere in memory. */
  readonly move: (bucket: Bucket, lines: Buffer) => void;
}

/**
 * Kept lines, many buckets a piece. They lie one behind the other in one memory, so that a piece goes out as
 * it lies and takes no memory beside its buckets'; where the lines of a bucket were made anew, those of its
 * piece are copied into a new one. (A write for each bucket took three times as long as the copy.)
 */
export function* keptPieces(
  buckets: Iterable<Bucket>,
  family: KeptFamily,
  slotOf: (firstBucket: number) => Slot | null,
): Generator<Piece> {
  for (const group of groupsOf(buckets)) {
    const bytes = inOneMemory(group, family);
    if (bytes.length > 0) yield { bytes, slot: slotOf(group[0]?.number ?? 0) };
  }
}

function inOneMemory(group: readonly Bucket[], { linesOf, move }: KeptFamily): Buffer {
  const parts = group.map(linesOf);
  const length = parts.reduce((sum, lines) => sum + lines.length, 0);
  const filled = parts.filter((lines) => lines.length > 0);
  const [first] = filled;
  if (first === undefined || filled.length === 1) return first ?? Buffer.alloc(0);
  if (follow(filled)) return Buffer.from(first.buffer, first.byteOffset, length);
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const [i, lines] of parts.entries()) {
    bytes.set(lines, at);
    const bucket = group[i];
    if (bucket !== undefined) move(bucket, bytes.subarray(at, at + lines.length));
    at += lines.length;
  }
  return bytes;
}

/** Do they lie one behind the other? */
function follow(parts: readonly Buffer[]): boolean {
  return parts.every((lines, i) => {
    const before = parts[i - 1];
    if (before === undefined) return true;
    return lines.buffer === before.buffer && lines.byteOffset === before.byteOffset + before.length;
  });
}
