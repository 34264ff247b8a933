import type { Family } from '../catalogue/family';
import { isShown } from '../catalogue/tally';
import type { SumSeries } from '../catalogue/tally';
import { highest, isBelow, canBeHeld, ledgerOfSum } from '../view/hold';
import type { PartitionView } from '../view/view';
import { changesOf } from './series-change';
import type { SeriesChange, Wanted } from './series-change';

/**
 * Compares the sums over the partitions. If one is lower than what was shown, the partitions that fall short
 * have to show the difference. A part that has moved to another partition is no loss.
 */
export function* compareSums(
  before: readonly PartitionView[],
  after: readonly PartitionView[],
  wanted: readonly Wanted[],
): Generator<SeriesChange> {
  for (const key of keysOf([...before, ...after])) {
    const [family, labels] = familyOf([...before, ...after], key) ?? [];
    const parts = before.map((view) => ({ ledger: ledgerAt(view, key), held: view.holds.get(key) }));
    const shown = parts.map(({ ledger, held }) =>
      ledger.length > 0 ? highest(ledger, held?.shown) : (held?.shown ?? []),
    );
    const ledgers = after.map((view) => ledgerAt(view, key));
    partsToShow(shown, ledgers).forEach((units, i) => {
      const name = family?.name ?? parts[i]?.held?.family;
      const bears = labels ?? parts[i]?.held?.labels;
      if (units !== undefined && name !== undefined && bears !== undefined)
        wanted[i]?.set(key, { family: name, labels: bears, shown: units });
    });
    if (family === undefined || labels === undefined) continue;
    const units = { before: add(parts.map(({ ledger }) => ledger)), shown: add(shown), after: add(ledgers) };
    yield* changesOf(family, labels, units);
  }
}

/** Keys of counters and histograms, and of their holds. */
function keysOf(views: readonly PartitionView[]): Set<string> {
  const keys = new Set<string>();
  for (const { tally, holds } of views) {
    for (const [key, { family }] of tally.series) if (canBeHeld(family)) keys.add(key);
    for (const [key, { entity }] of holds) if (entity === undefined) keys.add(key);
  }
  return keys;
}

function familyOf(
  views: readonly PartitionView[],
  key: string,
): readonly [Family, readonly string[]] | undefined {
  for (const { tally } of views) {
    const series: SumSeries | undefined = tally.series.get(key);
    if (series !== undefined) return [series.family, series.labels];
  }
  return undefined;
}

/** Empty if the partition shows nothing of the series. */
function ledgerAt({ tally, pageTimeMs }: PartitionView, key: string): readonly bigint[] {
  const series = tally.series.get(key);
  return series !== undefined && isShown(series) ? ledgerOfSum(series, pageTimeMs) : [];
}

/** Undefined if a partition has nothing to hold. */
function partsToShow(
  shown: readonly (readonly bigint[])[],
  ledgers: readonly (readonly bigint[])[],
): (readonly bigint[] | undefined)[] {
  const all = add(ledgers);
  const lacks = add(shown).map((units, i) => units - (all[i] ?? 0n));
  if (!lacks.some((units) => units > 0n)) return shown.map(() => undefined);
  // A histogram's buckets are held as they were, so that they remain cumulative.
  if (lacks.length > 1) return shown.map((part, i) => (isBelow(ledgers[i] ?? [], part) ? part : undefined));
  let [left = 0n] = lacks;
  return shown.map((part, i) => {
    const [ledger = 0n] = ledgers[i] ?? [];
    const lacking = (part[0] ?? 0n) - ledger;
    const held = lacking < left ? lacking : left;
    if (held <= 0n) return undefined;
    left -= held;
    return [ledger + held];
  });
}

function add(parts: readonly (readonly bigint[])[]): bigint[] {
  const total: bigint[] = [];
  for (const units of parts) units.forEach((unit, i) => (total[i] = (total[i] ?? 0n) + unit));
  return total;
}
