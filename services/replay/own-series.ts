import { figuresOf } from '../catalogue/figures';
import type { OwnSeries } from '../catalogue/figures';
import { seriesKey } from '../catalogue/tally';
import { highest, isBelow, canBeHeld, ledgerOfOwn } from '../view/hold';
import type { Hold } from '../view/hold';
import type { PartitionView } from '../view/view';
import { changesOf } from './series-change';
import type { SeriesChange, Wanted } from './series-change';

const NONE: readonly OwnSeries[] = [];

/** Compares entities' own counters; those that would be lower have to show what was shown. */
export function* compareOwn(
  before: PartitionView,
  after: PartitionView,
  wanted: Wanted,
): Generator<SeriesChange> {
  const held = ownHolds(before);
  for (const [key, hold] of held) wanted.set(key, hold);
  const holders = new Set(Array.from(held.values(), ({ entity }) => entity));
  for (const entity of new Set([...before.entities.keys(), ...after.entities.keys()])) {
    const [old, rebuilt] = [ownOf(before, entity), ownOf(after, entity)];
    for (const figure of old) {
      if (!canBeHeld(figure.family)) continue;
      const { family, labels } = figure;
      const same = rebuilt.find((one) => isSame(one, figure));
      const ledger = ledgerOfOwn(figure, before.pageTimeMs);
      const now = same === undefined ? [] : ledgerOfOwn(same, after.pageTimeMs);
      const hold = holders.has(entity) ? held.get(seriesKey(family.name, labels)) : undefined;
      const shown = highest(ledger, hold?.shown);
      if (isBelow(now, shown))
        wanted.set(seriesKey(family.name, labels), { family: family.name, labels, entity, shown });
      if (now[0] !== ledger[0]) yield* changesOf(family, labels, { shown, before: ledger, after: now });
    }
    for (const figure of rebuilt) {
      if (!canBeHeld(figure.family) || old.some((one) => isSame(one, figure))) continue;
      const now = ledgerOfOwn(figure, after.pageTimeMs);
      yield* changesOf(figure.family, figure.labels, { shown: [], before: [], after: now });
    }
  }
}

function ownOf({ entities }: PartitionView, key: string): readonly OwnSeries[] {
  const entity = entities.get(key);
  return (entity && figuresOf(entity)?.own) ?? NONE;
}

function isSame(a: OwnSeries, b: OwnSeries): boolean {
  return a.family === b.family && a.labels.every((label, i) => label === b.labels[i]);
}

function ownHolds({ holds }: PartitionView): Map<string, Hold> {
  return new Map([...holds].filter(([, { entity }]) => entity !== undefined));
}
