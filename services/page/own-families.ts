import { growthAt, isGrowth, toDouble } from '../catalogue/family';
import type { Family } from '../catalogue/family';
import type { OwnSeries } from '../catalogue/figures';
import { CATALOGUE } from '../catalogue/kinds';
import { linearAt } from '../catalogue/linear';
import { seriesKey } from '../catalogue/tally';
import { highest, canBeHeld, ledgerOfOwn } from '../view/hold';
import { PIECE_BYTES, piecesOf, piecesOfBuckets } from './block';
import type { Block, Piece } from './block';
import { growthsOf } from './bucket';
import type { Bucket, PageEntity } from './bucket';
import { bucketsOf, slotsOf } from './contents';
import type { PageContents } from './contents';
import { LONGEST_VALUE, writeUnits } from './digits';
import { formatLabels, formatValue } from './format';
import { hasAllProjects, inProject } from './selection';

/** Families of one entity a series: all entities of a kind have the same ones, in the same order. */
export function* ownBlocks(contents: PageContents): Generator<Block> {
  for (const [kind, { own }] of Object.entries<{ readonly own: readonly Family[] }>(CATALOGUE)) {
    for (const [at, family] of own.entries()) {
      const buckets = bucketsOf(contents, kind);
      let pieces: Iterable<Piece>;
      if (!hasAllProjects(contents.selection)) pieces = piecesOf(selectedLines(contents, buckets, at));
      else if (canBeHeld(family)) pieces = movingPieces(contents, buckets, at);
      else pieces = piecesOfBuckets(stillLines(buckets, at), slotsOf(contents, family.name));
      yield { ...family, pieces };
    }
  }
}

// ---- what does not move ------------------------------------------------------------------------------------------

function* stillLines(buckets: Iterable<Bucket>, at: number): Generator<readonly [number, Buffer]> {
  for (const { number, entities, lines } of buckets) {
    lines.still[at] ??= Buffer.from(entities.map((one) => stillLine(one, at)).join(''));
    yield [number, lines.still[at]];
  }
}

function stillLine({ figures }: PageEntity, at: number): string {
  const figure = figures.own[at];
  return figure === undefined || isGrowth(figure.value) ? '' : lineOf(figure, formatValue(figure.value));
}

// ---- what grows with page time -----------------------------------------------------------------------------------

/** Copies the labels of each series, and writes its number behind them. */
function* movingPieces(contents: PageContents, buckets: Iterable<Bucket>, at: number): Generator<Piece> {
  let chunk = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let end = 0;
  let name: Buffer | undefined;
  for (const bucket of buckets) {
    for (const [index, one] of bucket.entities.entries()) {
      const figure = one.figures.own[at];
      if (figure === undefined) continue;
      const units = unitsOf(contents, bucket, index, one, at);
      const line =
        units === undefined || figure.labels !== one.entity.labels
          ? slowLine(contents, one, figure)
          : undefined;
      name ??= Buffer.from(figure.family.name);
      const labels = (bucket.lines.labels[index] ??= Buffer.from(
        `{${formatLabels(figure.family.labels, one.entity.labels)}} `,
      ));
      const most = line?.length ?? name.length + labels.length + LONGEST_VALUE + 1;
      if (end + most > chunk.length) {
        if (end > 0) yield { bytes: [chunk.subarray(0, end)], slot: null };
        chunk = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, most));
        end = 0;
      }
      if (line !== undefined) {
        chunk.set(line, end);
        end += line.length;
        continue;
      }
      chunk.set(name, end);
      chunk.set(labels, end + name.length);
      end = writeUnits(chunk, end + name.length + labels.length, units ?? 0, figure.family.per);
      chunk[end++] = 0x0a;
    }
  }
  if (end > 0) yield { bytes: [chunk.subarray(0, end)], slot: null };
}

/** Undefined where the figure can't be had by doubles alone, or is held. */
function unitsOf(
  contents: PageContents,
  bucket: Bucket,
  index: number,
  { entry, partition }: PageEntity,
  at: number,
): number | undefined {
  if (contents.held.size > 0 && contents.held.has(entry)) return undefined;
  const growth = growthsOf(bucket, index)[at];
  return growth && linearAt(growth, contents.timeOf(partition));
}

function slowLine(contents: PageContents, { partition }: PageEntity, figure: OwnSeries): Buffer {
  return Buffer.from(lineOf(figure, ownValue(contents, partition, figure)));
}

// ---- line by line ------------------------------------------------------------------------------------------------

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
