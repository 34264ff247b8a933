import type { EntityId } from '../../events/event';
import type { EntityKind } from '../../events/kinds';
import { timelineOf } from '../fold/entity';
import type { Entity } from '../fold/entity';
import type { Timeline } from '../fold/kinds';
import type { Family, Growth, OwnFamily, SumFamily, SumPart } from './family';
import { CATALOGUE } from './kinds';
import type { View } from './kinds';
import { sharedLabels } from './shared-labels';

/** All that one entity contributes to the page, as functions of page time. */
export interface Figures {
  readonly view: View;
  /** Empty while the entity is not shown. */
  readonly own: readonly OwnFigure[];
  readonly sums: readonly SumFigure[];
}

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
  const figures = makeFigures(entity.id.kind, entity.id, timelineOf(entity));
  cache.set(entity, figures);
  return figures ?? undefined;
}

function makeFigures<Kind extends EntityKind>(
  kind: Kind,
  id: EntityId,
  timeline: Timeline<Kind>,
): Figures | null {
  const { viewOf, own, sums } = CATALOGUE[kind];
  const view = viewOf(id, timeline);
  if (view === undefined) return null;
  return { view, own: view.shown ? ownOf(own, view) : NO_FIGURES, sums: sumsOf(sums, view) };
}

function ownOf<V>(families: readonly OwnFamily<V>[], view: V): readonly OwnFigure[] {
  return families.map((family) => ({ family, labels: family.labelsOf(view), value: family.valueOf(view) }));
}

function sumsOf<V>(families: readonly SumFamily<V>[], view: V): readonly SumFigure[] {
  const figures: SumFigure[] = [];
  for (const family of families) {
    for (const { labels, amount } of family.partsOf(view))
      figures.push({ family, labels: sharedLabels(labels), amount });
  }
  return figures;
}
