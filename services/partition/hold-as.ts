import { HOLD, encodeHold } from '../page/hold';
import type { Hold } from '../page/hold';
import { holdsAfter } from './holds';
import type { Partition } from './partition';

/**
 * Holds what was shown, by series key, wherever the partition's ledger is below it, and nothing else. It is part of the next batch.
 */
export function holdAs(partition: Partition, shown: ReadonlyMap<string, Hold>): void {
  const { view, pending } = partition;
  const holds = holdsAfter(view, shown, partition.pageTimeMs ?? 0);
  for (const key of view.holds.keys()) if (!shown.has(key)) holds.set(key, null);
  for (const [key, hold] of holds) {
    if (hold === null) view.holds.delete(key);
    else view.holds.set(key, hold);
    const value = hold === null ? null : encodeHold(hold);
    pending.set(`shown ${HOLD}${key}`, { space: 'shown', key: HOLD + key, value });
  }
}
