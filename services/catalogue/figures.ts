import type { EntityId } from '../../events/event';
import type { EntityKind } from '../../events/kinds';
import { timelineOf } from '../fold/entity';
import type { Entity } from '../fold/entity';
import type { Timeline } from '../fold/kinds';
import type { Family, Growth, OwnFamily, SumFamily, SumPart } from './family';
import { CATALOGUE } from './kinds';
import type { Described } from './kinds';
import { sharedLabels } from './shared-labels';

/** All that one entity contributes to the page, as functions of page time. */
export interface Figures {
  readonly entity: Described;
  /** Empty while the entity is not shown. */
  readonly own: readonly OwnSeries[];
  readonly sums: readonly SumFigure[];
}

/** A series that is one entity's alone. */
export interface OwnSeries {
  readonly family: Family;
  readonly labels: readonly string[];
  readonly value: number | Growth;
}

/** What the entity adds to a series of a sum family. */
export interface SumFigure extends SumPart {
  readonly family: Family;
}

const NO_SERIES: readonly OwnSeries[] = [];
const cache = new WeakMap<Entity, Figures | null>();

/**
 * Undefined for an entity that has no figures: without `started`, `submitted` or `created` it is remembered
 * but not shown.
 */
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
  const { describedOf, own, sums } = CATALOGUE[kind];
  const entity = describedOf(id, timeline);
  if (entity === undefined) return null;
  return { entity, own: entity.isOnPage ? ownOf(own, entity) : NO_SERIES, sums: sumsOf(sums, entity) };
}

function ownOf<V>(families: readonly OwnFamily<V>[], entity: V): readonly OwnSeries[] {
  return families.map((family) => ({
    family,
    labels: family.labelsOf(entity),
    value: family.valueOf(entity),
  }));
}

function sumsOf<V>(families: readonly SumFamily<V>[], entity: V): readonly SumFigure[] {
  const figures: SumFigure[] = [];
  for (const family of families) {
    for (const { labels, amount } of family.partsOf(entity))
      figures.push({ family, labels: sharedLabels(labels), amount });
  }
  return figures;
}
