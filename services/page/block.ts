import type { SampleType } from './format';

/** One family as it is on the page: header, then its lines together. */
export interface Block {
  readonly name: string;
  readonly type: SampleType;
  /** If OpenMetrics needs another type. */
  readonly openMetricsType?: SampleType;
  readonly help: string;
  readonly pieces: Iterable<Piece>;
}

/** Whole lines, encoded. */
export interface Piece {
  readonly bytes: Buffer;
  /**
   * Where to keep what is derived from these bytes, if they stay in place from page to page; null: they
   * differ each time.
   */
  readonly slot: Slot | null;
}

export interface Slot {
  kept: { readonly of: Buffer; readonly deflated: Buffer; readonly crc: number } | null;
}

/** Large enough for few writes, small enough not to block the event loop. */
export const PIECE_BYTES = 64 * 1024;

/** Lines that are made again for each page. */
export function* piecesOf(lines: Iterable<string>): Generator<Piece> {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length < PIECE_BYTES) continue;
    yield { bytes: Buffer.from(text), slot: null };
    text = '';
  }
  if (text !== '') yield { bytes: Buffer.from(text), slot: null };
}

/** How many buckets make a piece. */
const BUCKETS_A_PIECE = 64;

/** The numbers of the buckets of a piece have the same quotient; buckets come in order of their number. */
export function* groupsOf<B extends { readonly number: number }>(buckets: Iterable<B>): Generator<B[]> {
  let group: B[] = [];
  for (const bucket of buckets) {
    const [first] = group;
    if (first !== undefined && quotient(first) !== quotient(bucket)) {
      yield group;
      group = [];
    }
    group.push(bucket);
  }
  if (group.length > 0) yield group;
}

function quotient({ number }: { readonly number: number }): number {
  return Math.floor(number / BUCKETS_A_PIECE);
}
