import { growthAt, isGrowth } from '../catalogue/family';
import type { Family } from '../catalogue/family';
import type { Figures, OwnSeries } from '../catalogue/figures';
import { ledgerUnits } from '../catalogue/shape';
import { seriesKey, sumKey } from '../catalogue/tally';
import { highest, isBelow, canBeHeld, ledgerOfOwn, ledgerOfSum, ownFigureOf } from '../view/hold';
import type { Hold } from '../view/hold';
import type { PartitionView } from '../view/view';
import { figuresOf } from '../catalogue/figures';

/**
 * Which counters must be held after a commit (contract, "No counter of ours is ever seen to fall"). For the
 * series that the batch touched, what was shown (the old state at the old page time, or its hold) is compared
 * with the new state at the new page time; a hold is dropped once the ledger is past it. Series that were not
 * touched only grow with page time.
 */
export interface Edit {
  /** The entity's entry key. */
  readonly key: string;
  readonly before: Figures | undefined;
  readonly after: Figures | undefined;
}

/**
 * What was shown of each series that may be lower after the edits, and of those that are already held
 * (`held`). Call it before the edits are brought over to the view.
 */
export function shownBefore(
  view: PartitionView,
  held: ReadonlyMap<string, Hold>,
  edits: readonly Edit[],
  oldMs: number,
  newMs: number,
): Map<string, Hold> {
  const shown = new Map<string, Hold>();
  for (const [key, hold] of held)
    shown.set(key, hold.entity === undefined ? sumShown(view, key, hold, oldMs) : hold);
  for (const [key, { family, labels }] of fallenSums(edits, oldMs, newMs)) {
    if (shown.has(key)) continue;
    const hold = view.holds.get(key) ?? { family: family.name, labels, shown: [] };
    shown.set(key, sumShown(view, key, hold, oldMs));
  }
  for (const edit of edits) addOwnShown(shown, view, edit, oldMs);
  return shown;
}

/**
 * Compares with the state after the edits. Returns the holds that are new or have changed (null: dropped).
 */
export function holdsAfter(
  view: PartitionView,
  shown: ReadonlyMap<string, Hold>,
  newMs: number,
): Map<string, Hold | null> {
  const changes = new Map<string, Hold | null>();
  for (const [key, was] of shown) {
    const before = view.holds.get(key);
    const after = holdOf(view, key, was, newMs);
    if (after === null ? before !== undefined : !sameShown(before, after)) changes.set(key, after);
  }
  return changes;
}

function holdOf(view: PartitionView, key: string, was: Hold, newMs: number): Hold | null {
  if (was.entity === undefined) {
    const series = view.tally.series.get(key);
    const ledger = series === undefined ? [] : ledgerOfSum(series, newMs);
    return isBelow(ledger, was.shown) ? was : null;
  }
  const entity = view.entities.get(was.entity);
  const figures = entity && figuresOf(entity);
  if (figures === undefined || figures.entity.timeline.finish !== undefined) return null;
  const own = ownFigureOf(entity, key);
  // A series that is hidden while its entity lives can return, and must not return lower.
  return own === undefined || isBelow(ledgerOfOwn(own, newMs), was.shown) ? was : null;
}

function sameShown(before: Hold | undefined, after: Hold): boolean {
  return before?.shown.every((units, i) => units === after.shown[i]) ?? false;
}

// ---- sums -------------------------------------------------------------------------------------------------

interface Delta {
  readonly family: Family;
  readonly labels: readonly string[];
  units: bigint[];
}

/**
 * Sums that the edits take something away from. A sum's other entities can only have added to it in the
 * meantime, so a sum whose edited entities add at least as much as before can't have fallen and needs no
 * further work.
 */
function fallenSums(edits: readonly Edit[], oldMs: number, newMs: number): [string, Delta][] {
  const deltas = new Map<string, Delta>();
  for (const { before, after } of edits) {
    addDelta(deltas, before, oldMs, -1n);
    addDelta(deltas, after, newMs, 1n);
  }
  return [...deltas].filter(([, { units, family }]) => ledgerUnits(family, units).some((unit) => unit < 0n));
}

function addDelta(
  deltas: Map<string, Delta>,
  figures: Figures | undefined,
  pageTimeMs: number,
  sign: 1n | -1n,
): void {
  for (const figure of figures?.sums ?? []) {
    const { family, labels, amount } = figure;
    if (!canBeHeld(family)) continue;
    const units = isGrowth(amount) ? [growthAt(amount, pageTimeMs)] : amount;
    const key = sumKey(figure);
    const delta = deltas.get(key);
    if (delta === undefined) deltas.set(key, { family, labels, units: units.map((unit) => sign * unit) });
    else delta.units = delta.units.map((unit, i) => unit + sign * (units[i] ?? 0n));
  }
}

function sumShown({ tally }: PartitionView, key: string, hold: Hold, oldMs: number): Hold {
  const series = tally.series.get(key);
  return series === undefined ? hold : { ...hold, shown: highest(ledgerOfSum(series, oldMs), hold.shown) };
}

// ---- own series -------------------------------------------------------------------------------------------

function addOwnShown(
  shown: Map<string, Hold>,
  { holds }: PartitionView,
  { key: entity, before }: Edit,
  oldMs: number,
): void {
  for (const figure of before?.own ?? []) {
    if (!canBeHeld(figure.family)) continue;
    const key = seriesKey(figure.family.name, figure.labels);
    shown.set(key, ownShown(entity, figure, oldMs, shown.get(key) ?? holds.get(key)));
  }
}

function ownShown(entity: string, figure: OwnSeries, oldMs: number, held: Hold | undefined): Hold {
  const ledger = ledgerOfOwn(figure, oldMs);
  return { family: figure.family.name, labels: figure.labels, entity, shown: highest(ledger, held?.shown) };
}
