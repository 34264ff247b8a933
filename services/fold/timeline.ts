import type { OrderKey } from '../../events/order';
import { changeRate, lastOf } from './accrual';
import type { AccrualBuilder } from './accrual';
import type {
  EntityKind,
  Fact,
  InstanceDescription,
  ProvisionedDescription,
  Status,
  SubmittedDescription,
} from './fact';

/**
 * An entity's facts, in their order, folded to what figures are made of (contract, "The ledger: Facts").
 *
 * The states of it: undescribed -> described -> finished. Points (statuses, prices) after the first finish do not count;
 * descriptions do, for the whole life. Since the fold is one pass in order, its state after any prefix of the facts can stand
 * for them: that is how a long timeline is compacted.
 */
export interface Timeline {
  readonly kind: EntityKind;
  /** Earliest `started` or `submitted`; undefined: kept and not shown. */
  readonly startMs?: number;
  /** The earliest `provisioned` of a job. */
  readonly provisioned?: OrderKey;
  readonly instance?: InstanceDescription;
  readonly submitted?: SubmittedDescription;
  readonly placed?: ProvisionedDescription;
  /** The last status point that counts. */
  readonly status?: Status;
  readonly nanoDollarsPerHour: number;
  readonly finish?: { readonly timeMs: number; readonly reason: string };
  /** Nano-dollars an hour x ms: an instance's while it costs, a job's from `provisioned` to its finish. */
  readonly cost: AccrualBuilder;
  /** The part of an instance's cost while it was idle. */
  readonly idle: AccrualBuilder;
  /** How often a run's status became `pending` from another one. */
  readonly pendings: number;
  /** When a run's status went from `submitted` to `provisioning`. */
  readonly queueExitsMs: readonly number[];
}

type Building = { -readonly [K in keyof Timeline]: Timeline[K] } & { queueExitsMs: number[] };

/** Statuses in which an instance costs and is shown (dstack's get_instance_metrics). */
export const COSTING: ReadonlySet<Status> = new Set<Status>(['provisioning', 'idle', 'busy', 'terminating']);

export function foldTimeline(kind: EntityKind, from: Timeline | null, facts: readonly Fact[]): Timeline {
  const timeline: Building = from === null ? empty(kind) : resume(from);
  for (const fact of facts) step(timeline, fact);
  return timeline;
}

/** The timeline without the changes of rate before `atMs`, for an entity that is not finished. */
export function compactTimeline(timeline: Timeline, atMs: number): Timeline {
  return { ...timeline, cost: lastOf(timeline.cost, atMs), idle: lastOf(timeline.idle, atMs) };
}

function empty(kind: EntityKind): Building {
  const none = (): AccrualBuilder => ({ startsMs: [], rates: [], areas: [] });
  return { kind, nanoDollarsPerHour: 0, cost: none(), idle: none(), pendings: 0, queueExitsMs: [] };
}

function resume(from: Timeline): Building {
  const copy = (a: AccrualBuilder): AccrualBuilder => ({
    startsMs: [...a.startsMs],
    rates: [...a.rates],
    areas: [...a.areas],
  });
  return { ...from, cost: copy(from.cost), idle: copy(from.idle), queueExitsMs: [...from.queueExitsMs] };
}

function step(timeline: Building, fact: Fact): void {
  const firstDescribed = fact.verb === 'described' && timeline.startMs === undefined;
  const firstProvisioned = fact.verb === 'provisioned' && timeline.provisioned === undefined;
  if (firstDescribed) timeline.startMs = fact.timeMs;
  if (firstProvisioned) {
    const { timeMs, rank, source, id } = fact;
    timeline.provisioned = {
      ...(fact.sequence === undefined ? {} : { sequence: fact.sequence }),
      ...{ timeMs, rank, source, id },
    };
  }
  describe(timeline, fact);
  if (timeline.finish !== undefined) return;
  const status = fact.status ?? impliedStatus(timeline.kind, firstDescribed, firstProvisioned);
  if (status !== undefined) pointStatus(timeline, status, fact.timeMs, firstDescribed);
  if (fact.nanoDollarsPerHour !== undefined) timeline.nanoDollarsPerHour = fact.nanoDollarsPerHour;
  if (fact.verb === 'finished') timeline.finish = { timeMs: fact.timeMs, reason: fact.reason ?? '' };
  accrue(timeline, fact.timeMs);
}

/** What the earliest `started`, `submitted` or `provisioned` says of the status when it does not name one. */
function impliedStatus(kind: EntityKind, described: boolean, provisioned: boolean): Status | undefined {
  if (provisioned) return 'provisioning';
  if (!described) return undefined;
  return kind === 'instance' ? 'provisioning' : 'submitted';
}

function pointStatus(timeline: Building, status: Status, timeMs: number, firstDescribed: boolean): void {
  const before = timeline.status;
  timeline.status = status;
  if (timeline.kind !== 'run' || before === undefined) return;
  if (status === 'pending' && before !== 'pending' && !firstDescribed) timeline.pendings++;
  if (status === 'provisioning' && before === 'submitted') timeline.queueExitsMs.push(timeMs);
}

function accrue(timeline: Building, fromMs: number): void {
  const { status, nanoDollarsPerHour: price } = timeline;
  if (timeline.kind === 'instance' && timeline.startMs !== undefined && status !== undefined) {
    changeRate(timeline.cost, fromMs, COSTING.has(status) ? price : 0);
    changeRate(timeline.idle, fromMs, status === 'idle' ? price : 0);
  }
  if (timeline.kind === 'job' && timeline.provisioned !== undefined) {
    changeRate(timeline.cost, fromMs, timeline.finish === undefined ? price : 0);
  }
}

/** Each label, the resources and the blocks are those of the latest description that has them. */
function describe(timeline: Building, fact: Fact): void {
  if (fact.description === undefined) return;
  if ('runName' in fact.description) timeline.submitted = overlay(timeline.submitted, fact.description);
  else if ('project' in fact.description) timeline.instance = overlay(timeline.instance, fact.description);
  else timeline.placed = overlay(timeline.placed, fact.description);
}

function overlay<T extends object>(before: T | undefined, after: T): T {
  if (before === undefined) return after;
  const entries: [string, unknown][] = Object.entries(after);
  return { ...before, ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)) };
}
