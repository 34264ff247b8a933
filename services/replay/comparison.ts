import type { PartitionView } from '../view/view';
import { byImportance } from './series-change';
import type { SeriesChange, Wanted } from './series-change';
import { compareOwn } from './own-series';
import { compareSums } from './sum-series';

export interface Comparison {
  /** The counters whose ledger differs, the largest changes first. */
  readonly changes: readonly SeriesChange[];
  /** By partition. */
  readonly wanted: readonly Wanted[];
}

/**
 * Compares what is shown, partition by partition, with what was rebuilt, each as of its page time: an
 * entity's own counters in its partition, and sums over all partitions.
 */
export function compareViews(before: readonly PartitionView[], after: readonly PartitionView[]): Comparison {
  const wanted = after.map((): Wanted => new Map());
  const changes = [...compareSums(before, after, wanted)];
  for (const [i, view] of after.entries()) {
    const [old, toShow] = [before[i], wanted[i]];
    if (old === undefined || toShow === undefined) continue;
    for (const change of compareOwn(old, view, toShow)) changes.push(change);
  }
  return { changes: changes.sort(byImportance), wanted };
}
