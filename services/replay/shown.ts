import { isBelow } from '../page/hold';
import type { Hold } from '../page/hold';
import type { PartitionView } from '../page/partition';
import { countersOf, sumUnits } from './counters';

/**
 * What each partition of the new generation is to show so that no counter falls by the switch: of an entity's own series what was shown;
 * of a sum, what its parts lack together, in the partitions that lack it.
 * @param shown by partition, of the old generation (see shownOf)
 * @param views by partition, of the new one, as of the same page times
 */
export function toShow(
  shown: readonly ReadonlyMap<string, Hold>[],
  views: readonly PartitionView[],
): Map<string, Hold>[] {
  const wanted = views.map(() => new Map<string, Hold>());
  const sums = new Set<string>();
  shown.forEach((series, partition) => {
    for (const [key, hold] of series) {
      if (hold.entity === undefined) sums.add(key);
      else wanted[partition]?.set(key, hold);
    }
  });
  const counters = views.map(countersOf);
  for (const key of sums) {
    const parts = shown.map((series) => series.get(key));
    const ledgers = counters.map((series) => series.get(key)?.ledger ?? []);
    partsToShow(parts, ledgers).forEach((units, partition) => {
      const hold = parts[partition];
      if (hold !== undefined && units !== undefined) wanted[partition]?.set(key, { ...hold, shown: units });
    });
  }
  return wanted;
}

/** Undefined where a partition has nothing to hold. */
function partsToShow(
  parts: readonly (Hold | undefined)[],
  ledgers: readonly (readonly bigint[])[],
): (readonly bigint[] | undefined)[] {
  const all = sumUnits(ledgers);
  const lacks = sumUnits(parts.map((part) => part?.shown ?? [])).map((units, i) => units - (all[i] ?? 0n));
  if (!lacks.some((units) => units > 0n)) return parts.map(() => undefined);
  // A histogram's buckets are held as they were, so that they stay in order.
  if (lacks.length > 1) {
    return parts.map((part, i) =>
      part !== undefined && isBelow(ledgers[i] ?? [], part.shown) ? part.shown : undefined,
    );
  }
  let [left = 0n] = lacks;
  return parts.map((part, i) => {
    const [ledger = 0n] = ledgers[i] ?? [];
    const lacking = (part?.shown[0] ?? 0n) - ledger;
    const held = lacking < left ? lacking : left;
    if (held <= 0n) return undefined;
    left -= held;
    return [ledger + held];
  });
}
