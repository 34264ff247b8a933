import { figuresOf } from '../catalogue/figures';
import type { Family } from '../catalogue/figures';
import { isShown, seriesKey } from '../catalogue/tally';
import { highest, isHeldFamily, ledgerOfOwn, ledgerOfSum } from '../page/hold';
import type { Hold } from '../page/hold';
import type { PartitionView } from '../page/partition';

/** A partition's part of a counter's or histogram's series, in whole units (of a histogram as holds have it). */
export interface Counter {
  readonly family: Family;
  readonly labels: readonly string[];
  /** The entity of an own series, as its entry in the store is called; undefined for a sum. */
  readonly entity?: string;
  readonly ledger: readonly bigint[];
}

/** The ledger's counters as of the view's page time, by series key. */
export function countersOf(view: PartitionView): Map<string, Counter> {
  const counters = new Map<string, Counter>();
  for (const [key, series] of view.tally.series) {
    const { family, labels } = series;
    if (!isShown(series) || !isHeldFamily(family)) continue;
    counters.set(key, { family, labels, ledger: ledgerOfSum(series, view.pageTimeMs) });
  }
  for (const [entity, one] of view.entities) {
    for (const figure of figuresOf(one)?.own ?? []) {
      const { family, labels } = figure;
      if (!isHeldFamily(family)) continue;
      const key = seriesKey(family.name, labels);
      const ledger = highest(ledgerOfOwn(figure, view.pageTimeMs), counters.get(key)?.ledger);
      counters.set(key, { family, labels, entity, ledger });
    }
  }
  return counters;
}

/** What pages show of each counter: the ledger, or what is held above it; by series key, as holds of that. */
export function shownOf(view: PartitionView): Map<string, Hold> {
  const shown = new Map<string, Hold>(view.holds);
  for (const [key, { family, labels, entity, ledger }] of countersOf(view)) {
    const units = highest(ledger, view.holds.get(key)?.shown);
    shown.set(key, {
      family: family.name,
      labels,
      ...(entity === undefined ? {} : { entity }),
      shown: units,
    });
  }
  return shown;
}

export function sumUnits(parts: readonly (readonly bigint[])[]): bigint[] {
  const total: bigint[] = [];
  for (const units of parts) units.forEach((unit, i) => (total[i] = (total[i] ?? 0n) + unit));
  return total;
}
