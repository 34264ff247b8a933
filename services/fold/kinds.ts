import type { EntityId } from '../../events/declaration';
import type { LifecycleEvent } from '../../events/event';
import { KINDS, statusRank } from '../../events/kinds';
import type { EntityKind, Status } from '../../events/kinds';
import { makeFact, nanoDollars } from './fact';
import { INSTANCE } from './instance';
import { JOB } from './job';
import { RUN } from './run';
import { VOLUME } from './volume';
import { forgetBefore } from './timeline';
import type { KindFold } from './timeline';

/** How each kind of entity folds. */
const RECORD = { instance: INSTANCE, run: RUN, job: JOB, volume: VOLUME };

type Timelines = { readonly [Kind in EntityKind]: ReturnType<(typeof RECORD)[Kind]['copy']> };
type Facts = { readonly [Kind in EntityKind]: ReturnType<(typeof RECORD)[Kind]['describe']> };
type Descriptive = Extract<LifecycleEvent, { readonly verb: DescriptiveVerb }>;
type Descriptions = {
  readonly [Kind in EntityKind]: Extract<Descriptive, { readonly about: EntityId<Kind> }>;
};

/** The same, typed so that the compiler follows a kind from its events to its timeline. */
const FOLDS: {
  readonly [Kind in EntityKind]: KindFold<Timelines[Kind], Facts[Kind], Descriptions[Kind]>;
} = RECORD;

/** Told apart by `kind`. */
export type Timeline<Kind extends EntityKind = EntityKind> = Readonly<Timelines[Kind]>;
export type AnyFact<Kind extends EntityKind = EntityKind> = Facts[Kind];

/**
 * The first event of an entity with one of these verbs is taken however late it is: without it, the entity's
 * cost would never be known.
 */
export type DescriptiveVerb = 'described' | 'provisioned';

export function foldTimeline<Kind extends EntityKind>(
  kind: Kind,
  from: Timeline<Kind> | null,
  facts: readonly AnyFact<Kind>[],
): Timeline<Kind> {
  const { beginning, copy, evolve } = FOLDS[kind];
  const timeline = copy(from ?? beginning);
  for (const fact of facts) evolve(timeline, fact);
  return timeline;
}

/** The timeline without the changes of rate before `atMs`, for an entity that is not finished. */
export function compactTimeline<Kind extends EntityKind>(
  kind: Kind,
  timeline: Timeline<Kind>,
  atMs: number,
): Timeline<Kind> {
  return FOLDS[kind].mapAccruals(timeline, forgetBefore(atMs));
}

/** Restores a timeline that was stored as JSON, in which whole numbers of any size are texts. */
export function restoreTimeline<Kind extends EntityKind>(kind: Kind, stored: Timeline<Kind>): Timeline<Kind> {
  return FOLDS[kind].mapAccruals(stored, (accrual) => ({ ...accrual, areas: accrual.areas.map(BigInt) }));
}

/** Which descriptive events an entity of the kind can have. */
export function descriptiveVerbs(kind: EntityKind): readonly DescriptiveVerb[] {
  return DESCRIPTIVE_VERBS.get(kind) ?? [];
}

const DESCRIPTIVE_VERBS: ReadonlyMap<string, readonly DescriptiveVerb[]> = new Map(
  Object.entries(KINDS).map(([kind, { events }]) => [
    kind,
    events.map(({ verb }) => verb).filter(isDescriptive),
  ]),
);

export function isDescriptive(verb: string): verb is DescriptiveVerb {
  return verb === 'described' || verb === 'provisioned';
}

/** price_changed comes after every other event of its millisecond and sequence. */
const PRICE_RANK = 99;

export function factOf(event: LifecycleEvent): AnyFact {
  const { kind } = event.about;
  switch (event.verb) {
    case 'described':
    case 'provisioned':
      return describe(kind, event);
    case 'status_changed': {
      const { status } = event.data;
      return makeFact(event, event.verb, statusRank(kind, status), { status, description: undefined });
    }
    case 'price_changed': {
      const nanoDollarsPerHour = nanoDollars(event.data.price.dollars_per_hour);
      return makeFact(event, event.verb, PRICE_RANK, { nanoDollarsPerHour, description: undefined });
    }
    case 'finished': {
      const status = finishedStatus(kind, event.data);
      const reason = event.data.reason ?? '';
      return makeFact(event, event.verb, statusRank(kind, status), {
        status,
        reason,
        description: undefined,
      });
    }
  }
}

/** A kind that ends in only one way names no status: if there is one in its data, it is an unknown field. */
function finishedStatus(kind: EntityKind, data: object): Status {
  const { finished } = KINDS[kind].statuses;
  return finished.find((status) => 'status' in data && data.status === status) ?? finished[0];
}

function describe<Kind extends EntityKind>(kind: Kind, event: Descriptions[Kind]): AnyFact<Kind> {
  return FOLDS[kind].describe(event);
}
