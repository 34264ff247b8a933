import { toDouble } from '../catalogue/family';
import type { Family } from '../catalogue/figures';
import { figuresOf } from '../catalogue/figures';
import { OWN_FAMILIES, SUM_FAMILIES } from '../catalogue/index';
import { HELD } from '../catalogue/page';
import { isShown, seriesKey } from '../catalogue/tally';
import type { PageFigures } from './figures';
import { formatLabels, formatValue } from './format';
import { ledgerOfOwn, ledgerOfSum } from './hold';
import type { Hold } from './hold';
import type { PartitionView } from './partition';
import { inProject, inShard } from './selection';

const OWN_BY_NAME: ReadonlyMap<string, Family> = new Map(OWN_FAMILIES.map((family) => [family.name, family]));

/** `fleetmeter_held`: how far each family is shown above the ledger, summed over its series and partitions. */
export function* heldLines(figures: PageFigures): Generator<string> {
  const held = new Map<string, number>();
  for (const [name, { units, per }] of heldUnits(figures)) held.set(name, toDouble(units, per));
  for (const name of [...held.keys()].sort()) {
    const value = held.get(name) ?? 0;
    if (!inShard(figures.selection, name)) continue;
    yield `${HELD.name}{${formatLabels(HELD.labels, [name])}} ${formatValue(value)}\n`;
  }
}

function heldUnits(figures: PageFigures): Map<string, { units: bigint; per: number }> {
  const held = new Map<string, { units: bigint; per: number }>();
  for (const partition of figures.views) {
    for (const [key, hold] of partition.holds) {
      const family = SUM_FAMILIES.get(hold.family) ?? OWN_BY_NAME.get(hold.family);
      const ledger = ledgerOf(figures, partition, key, hold);
      if (family === undefined || ledger === undefined || !isOfProject(figures, family, hold)) continue;
      for (const { name, units, per } of excessOf(family, hold.shown, ledger)) {
        if (units > 0n) held.set(name, { units: (held.get(name)?.units ?? 0n) + units, per });
      }
    }
  }
  return held;
}

function isOfProject(figures: PageFigures, family: Family, hold: Hold): boolean {
  const at = family.labels.findIndex((name) => name === 'dstack_project_name' || name === 'project_name');
  return inProject(figures.selection, hold.labels[at] ?? '');
}

/** Undefined where the series is hidden: nothing is shown above the ledger then. */
function ledgerOf(
  figures: PageFigures,
  partition: PartitionView,
  key: string,
  hold: Hold,
): readonly bigint[] | undefined {
  const atMs = figures.timeOf(partition);
  if (hold.entity === undefined) {
    const series = partition.tally.series.get(key);
    return series !== undefined && isShown(series) ? ledgerOfSum(series, atMs) : hold.shown.map(() => 0n);
  }
  const entity = partition.entities.get(hold.entity);
  const own = entity && figuresOf(entity)?.own.find((one) => seriesKey(one.family.name, one.labels) === key);
  return own && ledgerOfOwn(own, atMs);
}

/** A histogram's series are held each by itself, and so are told apart by their names. */
function excessOf(
  family: Family,
  shown: readonly bigint[],
  ledger: readonly bigint[],
): { name: string; units: bigint; per: number }[] {
  const above = shown.map((units, i) => {
    const excess = units - (ledger[i] ?? 0n);
    return excess > 0n ? excess : 0n;
  });
  if (family.bounds === undefined) return [{ name: family.name, units: above[0] ?? 0n, per: family.per }];
  const buckets = above.slice(0, -1);
  return [
    { name: `${family.name}_bucket`, units: buckets.reduce((sum, n) => sum + n, 0n), per: 1 },
    { name: `${family.name}_count`, units: buckets.at(-1) ?? 0n, per: 1 },
    { name: `${family.name}_sum`, units: above.at(-1) ?? 0n, per: family.per },
  ];
}
