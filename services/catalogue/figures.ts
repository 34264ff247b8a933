import type { Entity } from '../fold/entity';
import type { Growth, OwnFamily, SumFamily, SumPart } from './family';
import { INSTANCE_OWN, INSTANCE_SUMS } from './instance';
import { JOB_OWN, JOB_SUMS } from './job';
import { RUN_SUMS } from './run';
import { sharedLabels } from './shared-labels';
import { viewOf } from './view';
import type { View } from './view';

/** All that one entity contributes to the page, as functions of page time. */
export interface Figures {
  readonly view: View;
  /** Empty while the entity is not shown. */
  readonly own: readonly OwnFigure[];
  readonly sums: readonly SumFigure[];
}

/** A family without what it takes to make its figures. */
export type Family = Omit<SumFamily<never>, 'partsOf'>;

export interface OwnFigure {
  readonly family: Family;
  readonly labels: readonly string[];
  readonly value: number | Growth;
}

export interface SumFigure extends SumPart {
  readonly family: Family;
}

const NO_FIGURES: readonly OwnFigure[] = [];
const cache = new WeakMap<Entity, Figures | null>();

/** Undefined for an entity that has no figures: without `started` or `submitted` it is kept and not shown. */
export function figuresOf(entity: Entity): Figures | undefined {
  const known = cache.get(entity);
  if (known !== undefined) return known ?? undefined;
  const view = viewOf(entity);
  const figures = view === undefined ? null : { view, own: ownFigures(view), sums: sumFigures(view) };
  cache.set(entity, figures);
  return figures ?? undefined;
}

function ownFigures(view: View): readonly OwnFigure[] {
  if (!view.shown) return NO_FIGURES;
  switch (view.kind) {
    case 'instance':
      return ownOf(INSTANCE_OWN, view);
    case 'job':
      return ownOf(JOB_OWN, view);
    case 'run':
      return NO_FIGURES;
  }
}

function ownOf<V>(families: readonly OwnFamily<V>[], view: V): readonly OwnFigure[] {
  return families.map((family) => ({ family, labels: family.labelsOf(view), value: family.valueOf(view) }));
}

function sumFigures(view: View): readonly SumFigure[] {
  switch (view.kind) {
    case 'instance':
      return sumsOf(INSTANCE_SUMS, view);
    case 'run':
      return sumsOf(RUN_SUMS, view);
    case 'job':
      return sumsOf(JOB_SUMS, view);
  }
}

function sumsOf<V>(families: readonly SumFamily<V>[], view: V): readonly SumFigure[] {
  return families.flatMap((family) =>
    family.partsOf(view).map(({ labels, amount }) => ({ family, labels: sharedLabels(labels), amount })),
  );
}
