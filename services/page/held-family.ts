import { toDouble } from '../catalogue/family';
import type { Family } from '../catalogue/family';
import { HELD } from '../catalogue/page-families';
import { shapesOf } from '../catalogue/shape';
import type { PageContents } from './contents';
import { formatLabels, formatValue } from './format';
import { ledgerOfOwn, ownFigureOf } from '../view/hold';
import { inFirstShard } from './selection';
import { isOfProject, shownParts } from './shown-parts';
import type { ShownPart } from './shown-parts';

/**
 * `fleetmeter_held`: how far each family is shown above the ledger, summed over its series and partitions.
 */
export function* heldLines(contents: PageContents): Generator<string> {
  if (!inFirstShard(contents.selection)) return;
  const held = new Map<string, number>();
  for (const [name, { units, per }] of heldUnits(contents)) held.set(name, toDouble(units, per));
  for (const name of [...held.keys()].sort()) {
    const value = held.get(name) ?? 0;
    yield `${HELD.name}{${formatLabels(HELD.labels, [name])}} ${formatValue(value)}\n`;
  }
}

function heldUnits(contents: PageContents): Map<string, { units: bigint; per: number }> {
  const held = new Map<string, { units: bigint; per: number }>();
  const isWanted = (family: Family, labels: readonly string[]): boolean =>
    isOfProject(contents, family, labels);
  const parts = contents.views.some(({ holds }) => holds.size > 0)
    ? [...shownParts(contents, isWanted), ...ownParts(contents, isWanted)]
    : [];
  for (const { family, shown, ledger } of parts) {
    for (const { name, units, per } of excessOf(family, shown, ledger)) {
      if (units > 0n) held.set(name, { units: (held.get(name)?.units ?? 0n) + units, per });
    }
  }
  return held;
}

/** The own series that are held. A hidden one is not shown above the ledger. */
function* ownParts(
  contents: PageContents,
  isWanted: (family: Family, labels: readonly string[]) => boolean,
): Generator<Pick<ShownPart, 'family' | 'ledger' | 'shown'>> {
  for (const partition of contents.views) {
    for (const [key, { entity: entry, labels, shown }] of partition.holds) {
      const entity = entry === undefined ? undefined : partition.entities.get(entry);
      const own = ownFigureOf(entity, key);
      if (own === undefined || !isWanted(own.family, labels)) continue;
      yield { family: own.family, ledger: ledgerOfOwn(own, contents.timeOf(partition)), shown };
    }
  }
}

/** A histogram's series are each held separately, and so are named separately. */
function excessOf(
  family: Family,
  shown: readonly bigint[],
  ledger: readonly bigint[],
): { name: string; units: bigint; per: number }[] {
  return shapesOf(family).map(({ suffix, per, at }) => {
    const excess = (shown[at] ?? 0n) - (ledger[at] ?? 0n);
    return { name: `${family.name}${suffix}`, units: excess > 0n ? excess : 0n, per };
  });
}
