import type { EntityKind } from '../../events/kinds';
import { isGrowth, isSameGrowth } from '../catalogue/family';
import type { Figures, OwnSeries } from '../catalogue/figures';
import type { Described } from '../catalogue/kinds';
import type { PartitionView } from '../view/view';
import { makeMoving } from './moving-lines';
import type { MovingLines } from './moving-lines';

/** An entity whose own series are on the page. */
export interface PageEntity<V extends Described = Described> {
  /** The key of its entry in the view. */
  readonly entry: string;
  /** See entityKey(). */
  readonly key: string;
  /** Which of the lives of that id it is: settled ones by their number, then the live one. */
  readonly life: number;
  readonly bucket: number;
  readonly figures: Figures;
  readonly entity: V;
  readonly partition: PartitionView;
}

/** The entities of a kind whose partition keys have the same hash, and their kept lines. */
export interface Bucket {
  readonly number: number;
  /** All, even if several lives would give the same series. */
  all: PageEntity[];
  /** In the order of the page. */
  entities: readonly PageEntity[];
  /** Of all of them; null: they are of several. */
  partition: PartitionView | null;
  lines: KeptLines;
}

/**
 * A bucket's kept lines. In seven of ten families of a job nothing changes between two pages: their lines go
 * out as they are. Everything here is made when it is first written, and updated when its entities change.
 */
export interface KeptLines {
  /** By own family, for those whose numbers grow with page time. */
  readonly moving: (MovingLines | undefined)[];
  /** By own family, for those that don't change: all lines. */
  readonly still: (Buffer | undefined)[];
  usage: KeptUsage | null;
}

export interface KeptUsage {
  /** By usage family. */
  readonly lines: Buffer[];
  /** Time of the oldest sample; Infinity: there is none. */
  readonly oldestMs: number;
}

export function emptyBucket(number: number): Bucket {
  const lines = { moving: [], still: [], usage: null };
  return { number, all: [], entities: [], partition: null, lines };
}

/** Sorts the bucket's entities after a change, and keeps those of their lines that are still valid. */
export function arrange(bucket: Bucket): void {
  bucket.all.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.life - b.life));
  const before = bucket.entities;
  // If lives would give the same series (as of a moment before the first one's end), the earlier one is on
  // the page.
  bucket.entities = bucket.all.filter((one, i) => {
    const other = bucket.all[i - 1];
    return other?.key !== one.key || !sameItems(other.entity.labels, one.entity.labels);
  });
  bucket.partition = commonPartition(bucket.entities);
  bucket.lines = keptLines(bucket.lines, before, bucket.entities);
}

function keptLines(lines: KeptLines, before: readonly PageEntity[], after: readonly PageEntity[]): KeptLines {
  const places = new Map(before.map((one, i) => [one.entry, i]));
  const was = after.map((one) => places.get(one.entry) ?? -1);
  const isSameList = before.length === after.length && was.every((place, i) => place === i);
  const still = isSameList
    ? lines.still.map((bytes, at) =>
        after.every((one, i) => isSameLine(before[i], one, at)) ? bytes : undefined,
      )
    : [];
  const moving = lines.moving.map((kept, at) => kept && keptMoving(kept, before, after, was, at));
  const isSame = isSameList && after.every((one, i) => one === before[i]);
  // Without a sample there is no line, whatever the entities are.
  const isUnsampled = isSameList && lines.usage?.oldestMs === Infinity;
  return { moving, still, usage: isSame || isUnsampled ? lines.usage : null };
}

/** @param was where each stood before; -1: nowhere */
function keptMoving(
  kept: MovingLines,
  before: readonly PageEntity[],
  after: readonly PageEntity[],
  was: readonly number[],
  at: number,
): MovingLines {
  const oldOf = (index: number): PageEntity | undefined => before[was[index] ?? -1];
  const grows = (i: number): boolean => oldOf(i) === after[i] || growsAlike(oldOf(i), after[i], at);
  const bears = (i: number): boolean => hasSameLabels(oldOf(i), after[i], at);
  // Most changes are of something else: then only what has changed is looked at.
  if (after.length === before.length && after.every((_, i) => was[i] === i && bears(i) && grows(i)))
    return kept;
  return makeMoving(figuresAt(after, at), {
    lines: kept,
    placeOf: (i) => (bears(i) ? was[i] : undefined),
    growsAlike: grows,
  });
}

function growsAlike(before: PageEntity | undefined, after: PageEntity | undefined, at: number): boolean {
  const [old, now] = [before?.figures.own[at]?.value, after?.figures.own[at]?.value];
  if (old === undefined || now === undefined || !isGrowth(old) || !isGrowth(now)) return false;
  return isSameGrowth(old, now);
}

function commonPartition(entities: readonly PageEntity[]): PartitionView | null {
  const [first] = entities;
  return first !== undefined && entities.every(({ partition }) => partition === first.partition)
    ? first.partition
    : null;
}

export function entityAt({ entities }: Bucket, index: number): PageEntity {
  const one = entities[index];
  if (one === undefined) throw new Error(`a bucket has no entity ${String(index)}`);
  return one;
}

/** For one of the own families of a kind, which all of its entities have in the same order. */
export function figuresAt(entities: readonly PageEntity[], at: number): readonly OwnSeries[] {
  return entities.flatMap(({ figures }) => figures.own[at] ?? []);
}

function hasSameLabels(before: PageEntity | undefined, after: PageEntity | undefined, at: number): boolean {
  if (before === after) return before !== undefined;
  const [old, now] = [before?.figures.own[at], after?.figures.own[at]];
  return old !== undefined && now !== undefined && sameItems(old.labels, now.labels);
}

function isSameLine(before: PageEntity | undefined, after: PageEntity, at: number): boolean {
  if (before === after) return true;
  return before?.figures.own[at]?.value === after.figures.own[at]?.value && hasSameLabels(before, after, at);
}

/** The same ones at the same places. */
export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || (a.length === b.length && a.every((text, i) => text === b[i]));
}

export function isKind<K extends EntityKind>(one: PageEntity, kind: K): one is PageEntity<Described<K>> {
  return one.entity.kind === kind;
}
