import { encodeTombstone } from '../fold/state';
import type { EventLog } from '../log/port';
import type { Partition } from '../partition/partition';
import type { GenerationStore } from '../store/port';
import type { Difference } from './difference';
import { boundsOf, foldTo } from './read';
import { targetOf } from './recompute';
import type { Replica } from '../view/replica';
import { answered } from './stopped';

/**
 * Compares the ids that settled and given-up entities have left in the store with those of a recomputed
 * partition, which is folded on for it. These entries have no version in the store, so those that changed
 * while they were read are skipped.
 */
export async function tombstoneDifferences(
  store: GenerationStore,
  log: EventLog,
  recomputed: Partition,
  { generation }: Replica,
): Promise<Difference[]> {
  const { number: partition, ledger, positions } = recomputed;
  const stored = new Map<string, string>();
  for await (const entries of store.load(partition, 'kept', generation))
    for (const { key, value } of entries) stored.set(key, value);
  const { partitions } = answered(await store.generations.standings(generation));
  const head = partitions[partition]?.head ?? null;
  const bounds = (await boundsOf(log))[partition];
  if (head === null || bounds === undefined) return [];
  const to = { ...positions, lifecycle: targetOf(head, bounds).lifecycle };
  await foldTo(log, recomputed, to, () => undefined);
  const found: Difference[] = [];
  for (const key of new Set([...stored.keys(), ...ledger.tombstones.keys()])) {
    if (ledger.touched.tombstones.has(key)) continue;
    const tombstone = ledger.tombstones.get(key);
    const [a, b] = [stored.get(key), tombstone && encodeTombstone(tombstone)];
    if (a === b) continue;
    const what = `the id that ${key} has left behind`;
    found.push({ partition, entity: key, what, stored: a ?? '-', recomputed: b ?? '-' });
  }
  return found;
}
