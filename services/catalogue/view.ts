import type { EntityId } from '../../events/event';
import type { EntityKind, Status } from '../../events/kinds';
import type { Timeline } from '../fold/kinds';
import type { OwnFamily, SumFamily } from './family';

/** What the families of an entity's kind are declared on. Only described entities have one. */
export interface EntityView<Kind extends EntityKind> {
  readonly kind: Kind;
  readonly id: EntityId;
  readonly timeline: Timeline<Kind>;
  readonly startMs: number;
  readonly status: Status;
  /** The labels that dstack gives all series of the entity, in its order. */
  readonly labels: readonly string[];
  /** Whether its own series are on the page. */
  readonly shown: boolean;
  readonly project: string;
}

/** What one kind of entity has on the page. */
export interface KindCatalogue<Kind extends EntityKind, View> {
  /** Undefined where the entity is not shown in any figure: it has no `started` or `submitted` yet. */
  readonly viewOf: (id: EntityId, timeline: Timeline<Kind>) => View | undefined;
  readonly own: readonly OwnFamily<View>[];
  readonly sums: readonly SumFamily<View>[];
}
