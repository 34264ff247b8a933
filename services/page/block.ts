import type { SampleType } from './format';

/** One family as it stands on the page: header, then its lines together. */
export interface Block {
  readonly name: string;
  readonly type: SampleType;
  /** Where OpenMetrics must have another type. */
  readonly openMetricsType?: SampleType;
  readonly help: string;
  readonly pieces: Iterable<Piece>;
}

/** Whole lines, encoded. */
export interface Piece {
  readonly bytes: readonly Buffer[];
  /** Where to keep what is made of these bytes; the same buffers again are the same bytes. null: they are other ones each time. */
  readonly slot: Slot | null;
}

export interface Slot {
  kept: { readonly of: readonly Buffer[]; readonly made: Buffer } | null;
}

/** Large enough to make few writes, small enough to not hold the event loop. */
export const PIECE_BYTES = 64 * 1024;

/** So many buckets make a piece of kept lines. */
const BUCKETS_A_PIECE = 64;

/** Kept lines, bucket by bucket: what is made of a whole piece can be kept too. */
export function* piecesOfBuckets(
  buckets: Iterable<readonly [number: number, lines: Buffer]>,
  slotOf: (group: number) => Slot | null,
): Generator<Piece> {
  let bytes: Buffer[] = [];
  let group = 0;
  for (const [number, lines] of buckets) {
    const next = Math.floor(number / BUCKETS_A_PIECE);
    if (next !== group && bytes.length > 0) {
      yield { bytes, slot: slotOf(group) };
      bytes = [];
    }
    group = next;
    if (lines.length > 0) bytes.push(lines);
  }
  if (bytes.length > 0) yield { bytes, slot: slotOf(group) };
}

/** Lines that are made anew for each page. */
export function* piecesOf(lines: Iterable<string>): Generator<Piece> {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length < PIECE_BYTES) continue;
    yield { bytes: [Buffer.from(text)], slot: null };
    text = '';
  }
  if (text !== '') yield { bytes: [Buffer.from(text)], slot: null };
}
