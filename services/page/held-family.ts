import { toDouble } from '../catalogue/family';
import type { Family } from '../catalogue/figures';
import { figuresOf } from '../catalogue/figures';
import { HELD } from '../catalogue/page';
import { seriesKey } from '../catalogue/tally';
import type { PageFigures } from './contents';
import { formatLabels, formatValue } from './format';
import { ledgerOfOwn } from '../view/hold';
import { inFirstShard } from './selection';
import { type ShownPart, isOfProject, shownParts } from './sums';

/** `fleetmeter_held`: how far each family is shown above the ledger, summed over its series and partitions. */
export function* heldLines(figures: PageFigures): Generator<string> {
  if (!inFirstShard(figures.selection)) return;
  const held = new Map<string, number>();
  for (const [name, { units, per }] of heldUnits(figures)) held.set(name, toDouble(units, per));
  for (const name of [...held.keys()].sort()) {
    const value = held.get(name) ?? 0;
    yield `${HELD.name}{${formatLabels(HELD.labels, [name])}} ${formatValue(value)}\n`;
  }
}

function heldUnits(figures: PageFigures): Map<string, { units: bigint; per: number }> {
  const held = new Map<string, { units: bigint; per: number }>();
  const isWanted = (family: Family, labels: readonly string[]): boolean =>
    isOfProject(figures, family, labels);
  const parts = figures.views.some(({ holds }) => holds.size > 0)
    ? [...shownParts(figures, isWanted), ...ownParts(figures, isWanted)]
    : [];
  for (const { family, shown, ledger } of parts) {
    for (const { name, units, per } of excessOf(family, shown, ledger)) {
      if (units > 0n) held.set(name, { units: (held.get(name)?.units ?? 0n) + units, per });
    }
  }
  return held;
}

/** The own series that are held. One that is hidden is not shown above the ledger. */
function* ownParts(
  figures: PageFigures,
  isWanted: (family: Family, labels: readonly string[]) => boolean,
): Generator<Pick<ShownPart, 'family' | 'ledger' | 'shown'>> {
  for (const partition of figures.views) {
    for (const [key, { entity: entry, labels, shown }] of partition.holds) {
      const entity = entry === undefined ? undefined : partition.entities.get(entry);
      const own =
        entity && figuresOf(entity)?.own.find((one) => seriesKey(one.family.name, one.labels) === key);
      if (own === undefined || !isWanted(own.family, labels)) continue;
      yield { family: own.family, ledger: ledgerOfOwn(own, figures.timeOf(partition)), shown };
    }
  }
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
