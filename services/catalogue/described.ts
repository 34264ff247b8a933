import type { EntityId } from '../../events/event';
import type { EntityKind, Status } from '../../events/kinds';
import type { Timeline } from '../fold/kinds';
import type { OwnFamily, SumFamily } from './family';

/** An entity that has its `started`, `submitted` or `created`, as the families of its kind are declared on it. */
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
  /** Undefined where the entity is not shown in any figure: it has no `started` or `submitted` yet. */
  readonly describedOf: (id: EntityId, timeline: Timeline<Kind>) => Described | undefined;
  readonly own: readonly OwnFamily<Described>[];
  readonly sums: readonly SumFamily<Described>[];
}
