import type { LifecycleEvent } from '../../events/event';
import { JOB as EVENTS } from '../../events/job';
import { statusRank } from '../../events/kinds';
import type { Status } from '../../events/kinds';
import type { OrderKey } from '../../events/order';
import { NO_ACCRUAL, changeRate } from './accrual';
import type { Accrual } from './accrual';
import { makeFact, nanoDollars } from './fact';
import type { Fact } from './fact';
import { BEGINNING, evolveCommon, isFirst, overlay } from './timeline';
import type { CommonTimeline, KindFold } from './timeline';

type Submitted = Extract<LifecycleEvent, { readonly type: 'fleetmeter.job.submitted.v1' }>;
type Provisioned = Extract<LifecycleEvent, { readonly type: 'fleetmeter.job.provisioned.v1' }>;

/** What `submitted` says about it. */
export interface JobDescription {
  readonly project: string;
  readonly user: string;
  readonly runName: string;
  readonly runType: string;
  readonly name: string;
  readonly num: number;
  readonly replicaNum: number;
}

/** What `provisioned` says about it: where it runs, and its share of that. */
export interface JobPlacement {
  readonly backend: string;
  readonly instanceId?: string | undefined;
  readonly instanceName?: string | undefined;
  readonly instanceType?: string | undefined;
  readonly gpuUuids?: readonly string[] | undefined;
  readonly resources: Provisioned['data']['resources'];
  readonly blocks?: { readonly used: number; readonly total: number } | undefined;
}

type JobFact = Fact<JobDescription, JobPlacement>;

export interface JobTimeline extends CommonTimeline<JobDescription> {
  readonly kind: 'job';
  /** The earliest `provisioned`. */
  provisioned: OrderKey | undefined;
  placement: JobPlacement | undefined;
  /** Nano-dollars an hour x ms of the whole instance, from `provisioned` to the finish. */
  cost: Accrual;
}

const FIRST = EVENTS.statuses.first;
const PROVISIONING = 'provisioning';

function evolve(timeline: JobTimeline, fact: JobFact): void {
  const counts = evolveCommon(timeline, fact, impliedStatus(timeline, fact));
  if (fact.verb === 'provisioned') {
    timeline.provisioned ??= orderOf(fact);
    timeline.placement = overlay(timeline.placement, fact.description);
  }
  if (!counts || timeline.provisioned === undefined) return;
  const rate = timeline.finish === undefined ? timeline.nanoDollarsPerHour : 0;
  timeline.cost = changeRate(timeline.cost, fact.timeMs, rate);
}

function impliedStatus(before: JobTimeline, fact: JobFact): Status | undefined {
  if (fact.verb === 'provisioned') return before.provisioned === undefined ? PROVISIONING : undefined;
  return isFirst(before, fact) ? FIRST : undefined;
}

function orderOf({ timeMs, sequence, rank, source, id }: OrderKey): OrderKey {
  return { timeMs, sequence, rank, source, id };
}

function describe(event: Submitted | Provisioned): JobFact {
  if (event.verb === 'provisioned') return provisioned(event);
  const { project, user, run, job } = event.data;
  const { name, num, replica_num: replicaNum } = job;
  return makeFact(event, event.verb, statusRank('job', FIRST), {
    description: { project, user, runName: run.name, runType: run.type, name, num, replicaNum },
  });
}

function provisioned(event: Provisioned): JobFact {
  const { instance, resources, price, blocks } = event.data;
  return makeFact(event, event.verb, statusRank('job', PROVISIONING), {
    nanoDollarsPerHour: nanoDollars(price.dollars_per_hour),
    description: {
      backend: instance.backend,
      instanceId: instance.id ?? undefined,
      instanceName: instance.name ?? undefined,
      instanceType: instance.type ?? undefined,
      gpuUuids: instance.gpu_uuids ?? undefined,
      resources,
      blocks: blocks ?? undefined,
    },
  });
}

/** A job costs its share of its instance from its first `provisioned` to its finish, whatever its status. */
export const JOB: KindFold<JobTimeline, JobFact, Submitted | Provisioned> = {
  beginning: {
    ...BEGINNING,
    kind: 'job',
    provisioned: undefined,
    placement: undefined,
    cost: NO_ACCRUAL,
  },
  copy: (timeline) => ({ ...timeline }),
  evolve,
  describe,
  mapAccruals: (timeline, map) => ({ ...timeline, cost: map(timeline.cost) }),
};
