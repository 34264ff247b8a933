import type { Hold } from '../view/hold';
import { holdsAfter } from './shortfall';
import { putHolds } from './partition';
import type { Partition } from './partition';

/**
 * Holds what was shown, by series key, wherever the partition's ledger is below it, and nothing else. It is part of the next batch.
 */
export function holdAs(partition: Partition, shown: ReadonlyMap<string, Hold>): void {
  const { view, pageTimeMs } = partition;
  const holds = holdsAfter(view, shown, pageTimeMs ?? 0);
  for (const key of view.holds.keys()) if (!shown.has(key)) holds.set(key, null);
  putHolds(partition, holds);
}
