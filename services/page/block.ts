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
  readonly bytes: Buffer;
  /** Where to keep what is made of these bytes: kept ones lie where they lay. null: they are other ones each time. */
  readonly slot: Slot | null;
}

export interface Slot {
  kept: { readonly of: Buffer; readonly deflated: Buffer; readonly crc: number } | null;
}

/** Large enough to make few writes, small enough to not hold the event loop. */
export const PIECE_BYTES = 64 * 1024;

/** Lines that are made anew for each page. */
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

/** So many buckets make a piece. */
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
