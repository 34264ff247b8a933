import { isGrowth } from '../catalogue/family';
import { LINEAR_NUMBERS, NO_LINEAR, linearOf, unitsAt } from '../catalogue/linear';
import type { OwnSeries } from '../catalogue/figures';
import { LONGEST_VALUE, writeText, writeUnits } from './digits';
import { formatLabels } from './format';

/**
 * The lines of one family of a bucket, of which only the numbers move: each page copies the labels and writes
 * the number behind them.
 *
 * They are kept as one text and one array of numbers, not as an object per series, and written by one loop
 * into memory allocated beforehand: 0.2 µs a line. With an object for each label text and each growth, and a
 * generator around them, it took 2 µs, mostly waiting for memory.
 */
export interface MovingLines {
  /** `name{labels} ` of each series, one after another. */
  readonly text: Buffer;
  /** Where each of them ends. */
  readonly ends: Uint32Array;
  /** LINEAR_NUMBERS per series: how its number grows. */
  readonly growths: Float64Array;
}

/** Lines from before a change: what is still valid is copied. */
export interface LinesBefore {
  readonly lines: MovingLines;
  /** The earlier place of a series; undefined: it is new, or has other labels. */
  readonly placeOf: (index: number) => number | undefined;
  /** Whether it grows as before. */
  readonly growsAlike: (index: number) => boolean;
}

export function makeMoving(figures: readonly OwnSeries[], before?: LinesBefore): MovingLines {
  const texts = figures.map((figure, i) => keptText(before, i) ?? newText(figure));
  const ends = new Uint32Array(figures.length);
  const growths = new Float64Array(figures.length * LINEAR_NUMBERS);
  let end = 0;
  for (const [i, figure] of figures.entries()) {
    ends[i] = end += texts[i]?.length ?? 0;
    growths.set(keptGrowth(before, i) ?? newGrowth(figure), i * LINEAR_NUMBERS);
  }
  const text = Buffer.allocUnsafeSlow(end);
  let at = 0;
  for (const one of texts) {
    text.set(one, at);
    at += one.length;
  }
  return { text, ends, growths };
}

function keptText(before: LinesBefore | undefined, index: number): Uint8Array | undefined {
  const place = before?.placeOf(index);
  if (before === undefined || place === undefined) return undefined;
  const { text, ends } = before.lines;
  return text.subarray(place === 0 ? 0 : ends[place - 1], ends[place]);
}

function keptGrowth(before: LinesBefore | undefined, index: number): Float64Array | undefined {
  const place = before?.placeOf(index);
  if (before === undefined || place === undefined || !before.growsAlike(index)) return undefined;
  return before.lines.growths.subarray(place * LINEAR_NUMBERS, (place + 1) * LINEAR_NUMBERS);
}

function newText({ family, labels }: OwnSeries): Buffer {
  return Buffer.from(`${family.name}{${formatLabels(family.labels, labels)}} `);
}

function newGrowth({ value }: OwnSeries): readonly number[] {
  return isGrowth(value) ? linearOf(value) : NO_LINEAR;
}

/** No page of these lines is longer. */
export function mostBytes({ text, ends }: MovingLines): number {
  return text.length + ends.length * NUMBER_BYTES;
}

/** The longest number, and the newline after it. */
const NUMBER_BYTES = LONGEST_VALUE + 1;

/** What is special about the series of a bucket, by their place in it. */
export interface Numbers {
  readonly timeOf: (index: number) => number;
  /** Whether a number other than the grown one is shown. Absent: never. */
  readonly isOther: ((index: number) => boolean) | undefined;
  /** What is printed in that case, and if doubles can't hold what has grown. */
  readonly otherOf: (index: number) => string;
}

/**
 * Writes the lines from `at` on, and returns where they end.
 * @param per whole units in one printed unit
 */
export function writeMoving(
  into: Buffer,
  at: number,
  { text, ends, growths }: MovingLines,
  per: number,
  { timeOf, isOther, otherOf }: Numbers,
): number {
  // The text is put after the room for all numbers, and moved up line by line: no objects are made on the
  // way.
  const textAt = at + ends.length * NUMBER_BYTES;
  into.set(text, textAt);
  let end = at;
  let from = 0;
  for (let i = 0; i < ends.length; i++) {
    const to = ends[i] ?? 0;
    into.copyWithin(end, textAt + from, textAt + to);
    end += to - from;
    from = to;
    const units = isOther?.(i) === true ? -1 : unitsAt(growths, i * LINEAR_NUMBERS, timeOf(i));
    end = units < 0 ? writeText(into, end, otherOf(i)) : writeUnits(into, end, units, per);
    into[end++] = NEWLINE;
  }
  return end;
}

const NEWLINE = 0x0a;
