import { cumulate } from './family';
import type { Family } from './family';

/**
 * One of the series that a set of label values of a family stands for: the only one, or one of a histogram's.
 */
export interface SeriesShape {
  /** Of the family's name. */
  readonly suffix: '' | '_bucket' | '_sum' | '_count';
  /** A bucket's upper bound as it is printed: a label after the family's. */
  readonly le?: string;
  /** Whole units in one printed unit. */
  readonly per: number;
  /** Which of ledgerUnits() it shows. */
  readonly at: number;
}

const shapes = new WeakMap<Family, readonly SeriesShape[]>();

/** The series of one set of labels, in the order of the page. */
export function shapesOf(family: Family): readonly SeriesShape[] {
  let known = shapes.get(family);
  if (known === undefined) {
    known =
      family.bounds === undefined
        ? [{ suffix: '', per: family.per, at: 0 }]
        : histogram(family.bounds, family.per);
    shapes.set(family, known);
  }
  return known;
}

function histogram(bounds: readonly number[], per: number): readonly SeriesShape[] {
  const les = [...bounds.map((bound) => `${String(bound)}.0`), '+Inf'];
  return [
    ...les.map((le, at) => ({ suffix: '_bucket' as const, le, per: 1, at })),
    { suffix: '_sum', per, at: les.length },
    { suffix: '_count', per: 1, at: les.length - 1 },
  ];
}

/** As it stands on a page. @param labels what stands between the braces, but for `le` */
export function shapeText({ name }: Family, { suffix, le }: SeriesShape, labels: string): string {
  return `${name}${suffix}{${labels}${le === undefined ? '' : `,le="${le}"`}}`;
}

/** How many whole numbers the entities of one set of labels add up: see histogramParts(). */
export function partCount({ bounds }: Family): number {
  return bounds === undefined ? 1 : bounds.length + 2;
}

/** The parts as they are shown and held. */
export function ledgerUnits({ bounds }: Family, parts: readonly bigint[]): readonly bigint[] {
  return bounds === undefined ? parts : cumulate(parts);
}

/**
 * The project of a series; empty if it has none. dstack's queue families name the label differently from the
 * rest.
 */
export function projectOf({ labels: names }: Pick<Family, 'labels'>, labels: readonly string[]): string {
  const at = names.findIndex((name) => name === 'dstack_project_name' || name === 'project_name');
  return labels[at] ?? '';
}
