import type { Sample } from '../fold/sample';
import type { Bearer } from './bearer';
import { gpuFigures } from './gpu';
import type { GpuFigures } from './gpu';
import type { LeftOutOfPage } from './left-out';
import type { Row } from './rows';

/**
 * What is passed through for one bearer, ready to be written: labels as bytes, and numbers. It is made again
 * when one of its samples or facts changes, which is rare compared with how often pages are written.
 */
export interface Passed {
  readonly bearer: Bearer;
  /** By series: `{labels} `. */
  readonly labels: readonly Buffer[];
  /** By series: its sample. */
  readonly samples: readonly Sample[];
  readonly shape: Shape;
  readonly values: Float64Array;
  /** Families of which a value is negative. */
  readonly negatives: ReadonlySet<string>;
  readonly gpus: GpuFigures;
  readonly leftOut: ReadonlyMap<LeftOutOfPage, number>;
}

/**
 * Which value belongs to which family and series: shared by all bearers whose exporters report the same
 * things.
 */
export interface Shape {
  /** In order of name, each with where its values begin and end. */
  readonly families: ReadonlyMap<string, { readonly from: number; readonly to: number }>;
  /** By value: its series. */
  readonly series: Uint32Array;
}

export const NO_SHAPE: Shape = { families: new Map(), series: new Uint32Array() };

/**
 * @param rows of the bearer, in order, no two alike
 * @param like a shape that it might share
 */
export function passedOf(
  bearer: Bearer,
  rows: readonly Row[],
  counted: ReadonlyMap<LeftOutOfPage, number>,
  like: Shape,
): Passed {
  const families = new Map<string, Row[]>();
  for (const row of rows) {
    const ofFamily = families.get(row.name);
    if (ofFamily === undefined) families.set(row.name, [row]);
    else ofFamily.push(row);
  }
  const ordered = [...families.keys()].sort().flatMap((name) => families.get(name) ?? []);
  const seriesOf = new Map(rows.map(({ labels, sample }) => [labels, sample]));
  const places = new Map([...seriesOf.keys()].map((labels, place) => [labels, place]));
  const gpus = gpuFigures(bearer, rows);
  const leftOut = new Map(counted);
  if (gpus.outOfRange > 0) leftOut.set('out_of_range', gpus.outOfRange);
  return {
    bearer,
    labels: [...seriesOf.keys()].map(({ text }) => Buffer.from(`{${text}} `)),
    samples: [...seriesOf.values()],
    shape: shapeOf(
      ordered,
      ordered.map(({ labels }) => places.get(labels) ?? 0),
      like,
    ),
    values: Float64Array.from(ordered, ({ value }) => value),
    negatives: new Set(rows.filter(({ value }) => !(value >= 0)).map(({ name }) => name)),
    gpus,
    leftOut,
  };
}

function shapeOf(ordered: readonly Row[], series: readonly number[], like: Shape): Shape {
  const families = new Map<string, { from: number; to: number }>();
  for (const [at, { name }] of ordered.entries()) {
    const known = families.get(name);
    if (known === undefined) families.set(name, { from: at, to: at + 1 });
    else known.to = at + 1;
  }
  const isLike =
    series.length === like.series.length &&
    families.size === like.families.size &&
    series.every((place, at) => like.series[at] === place) &&
    [...families].every(([name, { from, to }]) => {
      const other = like.families.get(name);
      return other?.from === from && other.to === to;
    });
  return isLike ? like : { families, series: Uint32Array.from(series) };
}
