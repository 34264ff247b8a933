import { growthAt, isGrowth, toDouble } from '../catalogue/family';
import type { Family } from '../catalogue/family';
import { figuresOf } from '../catalogue/figures';
import { projectOf } from '../catalogue/shape';
import type { Entity } from '../fold/entity';
import { entityKey, entityText } from '../fold/fact';
import { encodeEnd, encodeSample } from '../fold/state';
import type { LedgerScalars } from '../fold/ledger';
import { formatLabels, formatValue } from '../page/format';
import { isBelow, ledgerOfOwn, ledgerOfSum, ownFigureOf } from '../view/hold';
import type { Hold } from '../view/hold';
import type { PartitionView } from '../view/view';
import { encodeTotal, parseSeriesKey, settlingOf } from '../view/entries';

/** Something that a store has differently from what the log gives. */
export interface Difference {
  readonly partition: number;
  /** For an entity: its key (see entityKey()). */
  readonly entity?: string;
  /** What differs: an entity and its series, a total, a sample, a source. */
  readonly what: string;
  readonly stored: string;
  readonly recomputed: string;
}

/** What is compared of a partition. */
export interface Selection {
  /** null: all. */
  readonly project: string | null;
  /** Entry keys of entities; null: all, and what belongs to no entity. */
  readonly entities: ReadonlySet<string> | null;
}

const NONE = '-';

/** Compares a partition's entries with those that the log gives, as of the same positions and page time. */
export function differencesOf(
  partition: number,
  stored: PartitionView,
  recomputed: PartitionView,
  selection: Selection,
): Difference[] {
  const found: Difference[] = [];
  const add = (what: string, a: string | undefined, b: string | undefined, entity?: string): void => {
    if (a === b) return;
    const of = entity === undefined ? {} : { entity };
    found.push({ partition, ...of, what, stored: a ?? NONE, recomputed: b ?? NONE });
  };
  const lives = { a: livesOf(stored), b: livesOf(recomputed) };
  for (const life of keysOf(lives.a, lives.b)) {
    const a = lives.a.get(life)?.entity;
    const b = lives.b.get(life)?.entity;
    if (selection.entities?.has(lives.a.get(life)?.entry ?? '') === false) continue;
    if (!isOfProject(selection, a) && !isOfProject(selection, b)) continue;
    const id = a?.id ?? b?.id;
    if (id === undefined) continue;
    const facts = { a: factsOf(a, stored.pageTimeMs), b: factsOf(b, stored.pageTimeMs) };
    for (const fact of keysOf(facts.a, facts.b))
      add(`${entityText(id)} ${fact}`, facts.a.get(fact), facts.b.get(fact), entityKey(id));
  }
  if (selection.entities !== null) return found;
  compareTotals(stored, recomputed, selection, add);
  if (selection.project !== null) return found;
  compareSamples(stored, recomputed, add);
  for (const source of keysOf(stored.sources, recomputed.sources))
    add(`source ${source}: newest event`, timeOf(stored.sources, source), timeOf(recomputed.sources, source));
  for (const key of keysOf(stored.ends, recomputed.ends))
    add(`the end of ${key}`, endText(stored, key), endText(recomputed, key));
  compareHolds(stored, recomputed, add);
  return found;
}

/**
 * Settled entities are stored under the number of their settling, and of several due at once any may be
 * first. So they are matched by id and by which of its lives they are.
 */
function livesOf({ entities }: PartitionView): Map<string, Life> {
  const lives = new Map<string, Life>();
  const settled: [number, Life][] = [];
  for (const [entry, entity] of entities) {
    const settling = settlingOf(entry);
    if (settling === Infinity) lives.set(entry, { entry, entity });
    else settled.push([settling, { entry, entity }]);
  }
  const counts = new Map<string, number>();
  for (const [, life] of settled.sort(([a], [b]) => a - b)) {
    const key = entityKey(life.entity.id);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    lives.set(`settled ${String(count)} ${key}`, life);
  }
  return lives;
}

interface Life {
  /** Its key in the view. */
  readonly entry: string;
  readonly entity: Entity;
}

/** What the next records would be judged with. */
export function scalarDifferences(
  partition: number,
  stored: LedgerScalars,
  recomputed: LedgerScalars,
): Difference[] {
  const names = ['logTimeMs', 'newestValidMs', 'settledCount', 'givenUpCount', 'endedCounts'] as const;
  return names
    .map((name) => ({
      partition,
      what: `the partition's ${name}`,
      stored: JSON.stringify(stored[name]),
      recomputed: JSON.stringify(recomputed[name]),
    }))
    .filter((one) => one.stored !== one.recomputed);
}

type Add = (what: string, stored: string | undefined, recomputed: string | undefined) => void;

function compareTotals(
  stored: PartitionView,
  recomputed: PartitionView,
  selection: Selection,
  add: Add,
): void {
  for (const key of keysOf(stored.tally.series, recomputed.tally.series)) {
    const series = parseSeriesKey(key);
    if (series === undefined) continue;
    const { family, labels } = series;
    if (!isSumOfProject(selection, family, labels)) continue;
    const text = (view: PartitionView): string | undefined => {
      const total = view.tally.series.get(key)?.absorbed;
      return total == null ? undefined : totalText(family, total);
    };
    add(`settled in ${seriesText(family, labels)}`, text(stored), text(recomputed));
  }
}

function totalText(family: Family, total: readonly bigint[]): string {
  const [units = 0n] = total;
  return family.bounds === undefined ? formatValue(toDouble(units, family.per)) : encodeTotal(total);
}

function compareSamples(stored: PartitionView, recomputed: PartitionView, add: Add): void {
  for (const key of keysOf(stored.samples, recomputed.samples)) {
    const text = (view: PartitionView): string | undefined => {
      const sample = view.samples.get(key);
      return sample && encodeSample(sample);
    };
    add(`sample ${key}`, text(stored), text(recomputed));
  }
}

/** A hold is dropped once the ledger is past it; a series that is hidden while its entity lives keeps it. */
function compareHolds(stored: PartitionView, recomputed: PartitionView, add: Add): void {
  for (const [key, hold] of stored.holds) {
    const units = ledgerOfHold(recomputed, key, hold);
    if (units === undefined) continue;
    if (!isBelow(units, hold.shown))
      add(`held of ${key}`, hold.shown.join(' '), `nothing above ${units.join(' ')}`);
  }
}

/** Undefined if an entity's series is hidden. */
function ledgerOfHold(view: PartitionView, key: string, hold: Hold): readonly bigint[] | undefined {
  if (hold.entity === undefined) {
    const series = view.tally.series.get(key);
    return series === undefined ? [] : ledgerOfSum(series, view.pageTimeMs);
  }
  const own = ownFigureOf(view.entities.get(hold.entity), key);
  return own && ledgerOfOwn(own, view.pageTimeMs);
}

/**
 * Everything that is shown of an entity, and everything its next events are judged with, each under a name.
 */
function factsOf(entity: Entity | undefined, pageTimeMs: number): Map<string, string> {
  const facts = new Map<string, string>();
  if (entity === undefined) return facts;
  const figures = figuresOf(entity);
  for (const { family, labels, value } of figures?.own ?? []) {
    const number = isGrowth(value) ? toDouble(growthAt(value, pageTimeMs), family.per) : value;
    facts.set(seriesText(family, labels), formatValue(number));
  }
  for (const { family, labels, amount } of figures?.sums ?? []) {
    const units = isGrowth(amount) ? [growthAt(amount, pageTimeMs)] : amount;
    facts.set(`in ${seriesText(family, labels)}`, totalText(family, units));
  }
  facts.set('status', figures?.entity.status ?? NONE);
  facts.set('newest event', String(entity.newestMs));
  facts.set('newest event seen', String(entity.newestSeenMs));
  facts.set('has a snapshot', String(entity.snapshot));
  facts.set('log time of the last record', String(entity.lastLogMs));
  facts.set('log time of the first finish', String(entity.finishLogMs));
  return facts;
}

function isOfProject({ project }: Selection, entity: Entity | undefined): boolean {
  return project === null || (entity !== undefined && figuresOf(entity)?.entity.project === project);
}

function isSumOfProject({ project }: Selection, family: Family, labels: readonly string[]): boolean {
  return project === null || projectOf(family, labels) === project;
}

function seriesText(family: Family, labels: readonly string[]): string {
  return `${family.name}{${formatLabels(family.labels, labels)}}`;
}

function endText({ ends }: PartitionView, key: string): string | undefined {
  const end = ends.get(key);
  return end && encodeEnd(end);
}

function timeOf(times: ReadonlyMap<string, number>, key: string): string | undefined {
  const timeMs = times.get(key);
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString();
}

function keysOf<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): Set<string> {
  return new Set([...a.keys(), ...b.keys()]);
}
