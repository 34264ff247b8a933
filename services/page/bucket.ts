import { isGrowth } from '../catalogue/family';
import { linearOf } from '../catalogue/linear';
import type { Linear } from '../catalogue/linear';
import type { Figures, OwnSeries } from '../catalogue/figures';
import type { Described } from '../catalogue/kinds';
import type { PartitionView } from '../view/view';

/** An entity whose own series are on the page. */
export interface PageEntity<V extends Described = Described> {
  /** The key of its entry in the view. */
  readonly entry: string;
  /** See entityKey(). */
  readonly key: string;
  /** Which of the lives of that id: settled ones by their number, then the live one. */
  readonly life: number;
  readonly bucket: number;
  readonly figures: Figures;
  readonly entity: V;
  readonly partition: PartitionView;
}

/** The entities of a kind whose partition keys have the same hash, and what is kept of their lines. */
export interface Bucket {
  readonly number: number;
  /** Of several lives that would give the same series, all. */
  all: PageEntity[];
  /** In the order of the page. */
  entities: readonly PageEntity[];
  lines: KeptLines;
}

/**
 * What is kept of a bucket's lines. Of seven in ten families of a job nothing moves between two pages: their lines go out as they lie.
 * Of what grows with page time, the labels are kept as bytes and the growth in doubles, so that only the number is written anew.
 * Everything here is made when it is first written, and dropped when what it was made of changes.
 */
export interface KeptLines {
  /** By entity: `{labels} `, of the families that bear the labels of the entity. */
  readonly labels: (Buffer | undefined)[];
  /** By entity and own family. */
  readonly growths: (readonly (Linear | undefined)[] | undefined)[];
  /** By own family: all lines of one that does not move. */
  readonly still: (Buffer | undefined)[];
  usage: KeptUsage | null;
}

export interface KeptUsage {
  /** By usage family. */
  readonly lines: readonly Buffer[];
  /** Time of the oldest sample; Infinity: there is none. */
  readonly oldestMs: number;
}

export function emptyBucket(number: number): Bucket {
  const lines = { labels: [], growths: [], still: [], usage: null };
  return { number, all: [], entities: [], lines };
}

/** Puts the bucket's entities in order after a change, and keeps of their lines what is as it was. */
export function arrange(bucket: Bucket): void {
  bucket.all.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.life - b.life));
  const before = bucket.entities;
  // Of lives that would give the same series (as of a moment before the first one's end), the earlier is on the page.
  bucket.entities = bucket.all.filter((one, i) => {
    const other = bucket.all[i - 1];
    return other?.key !== one.key || !sameTexts(other.entity.labels, one.entity.labels);
  });
  bucket.lines = keptLines(bucket.lines, before, bucket.entities);
}

function keptLines(lines: KeptLines, before: readonly PageEntity[], after: readonly PageEntity[]): KeptLines {
  const places = new Map(before.map((one, i) => [one.entry, i]));
  const was = after.map((one) => places.get(one.entry) ?? -1);
  const labels = after.map(({ entity }, i) => {
    const old = before[was[i] ?? -1];
    return old !== undefined && sameTexts(old.entity.labels, entity.labels)
      ? lines.labels[was[i] ?? -1]
      : undefined;
  });
  const growths = after.map((one, i) => {
    const old = before[was[i] ?? -1];
    return old === one ? lines.growths[was[i] ?? -1] : undefined;
  });
  const isSameList = before.length === after.length && was.every((place, i) => place === i);
  const still = isSameList
    ? lines.still.map((bytes, at) =>
        after.every((one, i) => isSameLine(before[i], one, at)) ? bytes : undefined,
      )
    : [];
  const isSame = isSameList && after.every((one, i) => one === before[i]);
  return { labels, growths, still, usage: isSame ? lines.usage : null };
}

function isSameLine(before: PageEntity | undefined, after: PageEntity, at: number): boolean {
  if (before === after) return true;
  const [old, now] = [before?.figures.own[at], after.figures.own[at]];
  return now !== undefined && old?.value === now.value && sameTexts(old.labels, now.labels);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, i) => text === b[i]));
}

/** What grows of an entity, by own family. */
export function growthsOf(bucket: Bucket, index: number): readonly (Linear | undefined)[] {
  return (bucket.lines.growths[index] ??= (bucket.entities[index]?.figures.own ?? []).map(linearOfFigure));
}

function linearOfFigure({ value }: OwnSeries): Linear | undefined {
  return isGrowth(value) ? linearOf(value) : undefined;
}
