import { growthAt, isGrowth, toDouble } from '../catalogue/family';
import type { Family } from '../catalogue/family';
import type { OwnSeries } from '../catalogue/figures';
import { CATALOGUE } from '../catalogue/kinds';
import { seriesKey } from '../catalogue/tally';
import { highest, canBeHeld, ledgerOfOwn } from '../view/hold';
import { groupsOf, piecesOf } from './block';
import type { Block, Piece } from './block';
import { entityAt, figuresAt } from './bucket';
import type { Bucket, PageEntity } from './bucket';
import { bucketsOf, slotsOf } from './contents';
import type { PageContents } from './contents';
import { formatLabels, formatValue } from './format';
import { keptPieces } from './kept-lines';
import type { KeptFamily } from './kept-lines';
import { makeMoving, mostBytes, writeMoving } from './moving-lines';
import type { MovingLines } from './moving-lines';
import { hasAllProjects, inProject } from './selection';

/** Families of one entity a series: all entities of a kind have the same ones, in the same order. */
export function* ownBlocks(contents: PageContents): Generator<Block> {
  for (const [kind, { own }] of Object.entries<{ readonly own: readonly Family[] }>(CATALOGUE)) {
    for (const [at, family] of own.entries()) {
      const buckets = bucketsOf(contents, kind);
      let pieces: Iterable<Piece>;
      if (!hasAllProjects(contents.selection)) pieces = piecesOf(selectedLines(contents, buckets, at));
      else if (canBeHeld(family)) pieces = movingPieces(contents, buckets, family, at);
      else pieces = keptPieces(buckets, stillFamily(at), slotsOf(contents, family.name));
      yield { ...family, pieces };
    }
  }
}

// ---- what does not move -----------------------------------------------------------------------------------

function stillFamily(at: number): KeptFamily {
  return {
    linesOf: ({ entities, lines }) =>
      (lines.still[at] ??= Buffer.from(entities.map((one) => stillLine(one, at)).join(''))),
    move({ lines }, moved) {
      lines.still[at] = moved;
    },
  };
}

function stillLine({ figures }: PageEntity, at: number): string {
  const figure = figures.own[at];
  return figure === undefined || isGrowth(figure.value) ? '' : lineOf(figure, formatValue(figure.value));
}

// ---- what grows with page time ----------------------------------------------------------------------------

function* movingPieces(
  contents: PageContents,
  buckets: Iterable<Bucket>,
  family: Family,
  at: number,
): Generator<Piece> {
  for (const group of groupsOf(buckets)) {
    const most = group.reduce((sum, bucket) => sum + mostBytes(movingOf(bucket, at)), 0);
    const bytes = Buffer.allocUnsafeSlow(most);
    let end = 0;
    for (const bucket of group) end = writeBucket(bytes, end, contents, bucket, family, at);
    yield { bytes: bytes.subarray(0, end), slot: null };
  }
}

function movingOf({ entities, lines }: Bucket, at: number): MovingLines {
  return (lines.moving[at] ??= makeMoving(figuresAt(entities, at)));
}

function writeBucket(
  into: Buffer,
  from: number,
  contents: PageContents,
  bucket: Bucket,
  family: Family,
  at: number,
): number {
  const { held, timeOf } = contents;
  const { partition } = bucket;
  const pageTimeMs = partition && timeOf(partition);
  return writeMoving(into, from, movingOf(bucket, at), family.per, {
    timeOf: (i) => pageTimeMs ?? timeOf(entityAt(bucket, i).partition),
    isOther: held.size === 0 ? undefined : (i) => held.has(entityAt(bucket, i).entry),
    otherOf(i) {
      const { figures, partition: of } = entityAt(bucket, i);
      const figure = figures.own[at];
      return figure === undefined ? '' : ownValue(contents, of, figure);
    },
  });
}

// ---- line by line -----------------------------------------------------------------------------------------

function* selectedLines(contents: PageContents, buckets: Iterable<Bucket>, at: number): Generator<string> {
  for (const { entities } of buckets) {
    for (const { figures, entity, partition } of entities) {
      const figure = figures.own[at];
      if (figure === undefined || !inProject(contents.selection, entity.project)) continue;
      yield lineOf(figure, ownValue(contents, partition, figure));
    }
  }
}

function lineOf({ family, labels }: OwnSeries, value: string): string {
  return `${family.name}{${formatLabels(family.labels, labels)}} ${value}\n`;
}

function ownValue(
  { isAt, timeOf }: PageContents,
  partition: PageEntity['partition'],
  figure: OwnSeries,
): string {
  const { family, value } = figure;
  const atMs = timeOf(partition);
  if (partition.holds.size > 0 && !isAt && canBeHeld(family)) {
    const hold = partition.holds.get(seriesKey(family.name, figure.labels));
    if (hold !== undefined) {
      const [units = 0n] = highest(ledgerOfOwn(figure, atMs), hold.shown);
      return formatValue(toDouble(units, family.per));
    }
  }
  return formatValue(isGrowth(value) ? toDouble(growthAt(value, atMs), family.per) : value);
}
