import { toDouble } from '../catalogue/family';
import type { Family } from '../catalogue/family';
import { shapeText, shapesOf } from '../catalogue/shape';
import { formatLabels } from '../page/format';
import type { Hold } from '../view/hold';

/** What a switch does to one counter of the page, in its family's unit. */
export interface SeriesChange {
  /** As it is on the page. */
  readonly series: string;
  readonly shown: number;
  readonly before: number;
  readonly after: number;
}

/** What a partition has to show so that no counter falls, by series key. */
export type Wanted = Map<string, Hold>;

/** A counter's or histogram's series in whole units, as holds have it. */
export interface Units {
  readonly shown: readonly bigint[];
  readonly before: readonly bigint[];
  readonly after: readonly bigint[];
}

/** A change for each line of the page on which the ledger differs. */
export function* changesOf(
  family: Family,
  labels: readonly string[],
  { shown, before, after }: Units,
): Generator<SeriesChange> {
  for (const shape of shapesOf(family)) {
    const { le, per, at } = shape;
    // The last bucket is the count.
    if (le === '+Inf' || (before[at] ?? 0n) === (after[at] ?? 0n)) continue;
    const text = formatLabels(family.labels, labels);
    yield {
      series: shapeText(family, shape, text),
      shown: toDouble(shown[at] ?? 0n, per),
      before: toDouble(before[at] ?? 0n, per),
      after: toDouble(after[at] ?? 0n, per),
    };
  }
}

/** The largest first. */
export function byImportance(a: SeriesChange, b: SeriesChange): number {
  return Math.abs(b.after - b.before) - Math.abs(a.after - a.before) || (a.series < b.series ? -1 : 1);
}
