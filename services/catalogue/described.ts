import type { EntityId } from '../../events/event';
import type { EntityKind, Status } from '../../events/kinds';
import type { Timeline } from '../fold/kinds';
import type { OwnFamily, SumFamily } from './family';

/**
 * An entity whose `started`, `submitted` or `created` is known: what the families of its kind are declared
 * on.
 */
export interface DescribedEntity<Kind extends EntityKind> {
  readonly kind: Kind;
  readonly id: EntityId;
  readonly timeline: Timeline<Kind>;
  readonly startMs: number;
  readonly status: Status;
  /** The labels that dstack gives all series of the entity, in its order. */
  readonly labels: readonly string[];
  /** Whether its own series are on the page. */
  readonly isOnPage: boolean;
  readonly project: string;
}

/** What one kind of entity has on the page. */
export interface KindCatalogue<Kind extends EntityKind, Described> {
  /**
   * Undefined if the entity is in no figure, since its `started`, `submitted` or `created` is not known yet.
   */
  readonly describedOf: (id: EntityId, timeline: Timeline<Kind>) => Described | undefined;
  readonly own: readonly OwnFamily<Described>[];
  readonly sums: readonly SumFamily<Described>[];
}
