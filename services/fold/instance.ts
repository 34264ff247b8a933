import type { LifecycleEvent } from '../../events/event';
import { INSTANCE as EVENTS } from '../../events/instance';
import { statusRank } from '../../events/kinds';
import type { Status } from '../../events/kinds';
import { NO_ACCRUAL, changeRate } from './accrual';
import type { Accrual } from './accrual';
import { makeFact, nanoDollars } from './fact';
import type { Fact } from './fact';
import { BEGINNING, evolveCommon, isFirst } from './timeline';
import type { CommonTimeline, KindFold } from './timeline';

type Started = Extract<LifecycleEvent, { readonly type: 'fleetmeter.instance.started.v1' }>;

/** What the event lacks is undefined, so that a later one can fill it in. */
export interface InstanceDescription {
  readonly project: string;
  readonly name: string;
  readonly fleetId?: string | undefined;
  readonly fleetName?: string | undefined;
  readonly type?: string | undefined;
  readonly backend?: string | undefined;
  readonly resources?: Started['data']['resources'];
}

type InstanceFact = Fact<InstanceDescription>;

export interface InstanceTimeline extends CommonTimeline<InstanceDescription> {
  readonly kind: 'instance';
  /** Nano-dollars an hour x ms, while it costs. */
  cost: Accrual;
  /** The part of it that accrued while it was idle. */
  idle: Accrual;
}

/** Statuses in which an instance costs money and is shown (dstack's get_instance_metrics). */
export const COSTING: ReadonlySet<Status> = new Set<Status>(['provisioning', 'idle', 'busy', 'terminating']);

const FIRST = EVENTS.statuses.first;

function evolve(timeline: InstanceTimeline, fact: InstanceFact): void {
  const counts = evolveCommon(timeline, fact, isFirst(timeline, fact) ? FIRST : undefined);
  const { startMs, status, nanoDollarsPerHour: price } = timeline;
  if (!counts || startMs === undefined || status === undefined) return;
  timeline.cost = changeRate(timeline.cost, fact.timeMs, COSTING.has(status) ? price : 0);
  timeline.idle = changeRate(timeline.idle, fact.timeMs, status === 'idle' ? price : 0);
}

function describe(event: Started): InstanceFact {
  const { project, fleet, instance, resources, price, status } = event.data;
  return makeFact(event, event.verb, statusRank('instance', status ?? FIRST), {
    status: status ?? undefined,
    nanoDollarsPerHour: price == null ? undefined : nanoDollars(price.dollars_per_hour),
    description: {
      project,
      name: instance.name,
      fleetId: fleet?.id,
      fleetName: fleet?.name,
      type: instance.type ?? undefined,
      backend: instance.backend ?? undefined,
      resources: resources ?? undefined,
    },
  });
}

/** An instance costs money while it is in certain statuses, whatever runs on it. */
export const INSTANCE: KindFold<InstanceTimeline, InstanceFact, Started> = {
  beginning: { ...BEGINNING, kind: 'instance', cost: NO_ACCRUAL, idle: NO_ACCRUAL },
  copy: (timeline) => ({ ...timeline }),
  evolve,
  describe,
  mapAccruals: (timeline, map) => ({ ...timeline, cost: map(timeline.cost), idle: map(timeline.idle) }),
};
