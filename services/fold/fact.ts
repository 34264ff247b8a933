import type { LifecycleEvent } from '../../events/event';
import type { JobProvisioned } from '../../events/job';
import type { RunSubmitted } from '../../events/run';
import type { OrderKey } from '../../events/order';
import { statusRank } from '../../events/statuses';
import type { InstanceStatus, JobStatus, RunStatus } from '../../events/statuses';

/**
 * What one lifecycle event says of one entity, without what the fold has no use for.
 *
 * Glossary
 * - entity: an instance by its id, a run by its id, a job by its run's id and its own
 * - description: what `started`, `submitted` and `provisioned` say of an entity besides its status and price
 * - order: "earlier" and "later" as the contract's ledger defines them
 */
export type Status = InstanceStatus | RunStatus | JobStatus;
export type EntityKind = 'instance' | 'run' | 'job';
export type Resources = JobProvisioned['resources'];

export type EntityId =
  | { readonly kind: 'instance'; readonly instanceId: string }
  | { readonly kind: 'run'; readonly runId: string }
  | { readonly kind: 'job'; readonly runId: string; readonly jobId: string };

/** `started` of an instance. What the event lacks is undefined, so that a later one can correct it. */
export interface InstanceDescription {
  readonly project: string;
  readonly name: string;
  readonly fleetId?: string | undefined;
  readonly fleetName?: string | undefined;
  readonly type?: string | undefined;
  readonly backend?: string | undefined;
  readonly resources?: Resources | undefined;
}

/** `submitted` of a run, and of a job with `job`. */
export interface SubmittedDescription {
  readonly project: string;
  readonly user: string;
  readonly runName: string;
  readonly runType: string;
  /** Of a run, for cost reports alone. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly job?: { readonly name: string; readonly num: number; readonly replicaNum: number };
}

/** `provisioned` of a job. */
export interface ProvisionedDescription {
  readonly backend: string;
  readonly instanceId?: string | undefined;
  readonly instanceName?: string | undefined;
  readonly instanceType?: string | undefined;
  readonly gpuUuids?: readonly string[] | undefined;
  readonly resources: Resources;
  readonly blocks?: { readonly used: number; readonly total: number } | undefined;
}

export type Description = InstanceDescription | SubmittedDescription | ProvisionedDescription;

export type FactVerb = 'described' | 'provisioned' | 'status' | 'price' | 'finished';

export interface Fact extends OrderKey {
  readonly verb: FactVerb;
  /** The status that the event names, if it names one. */
  readonly status?: Status | undefined;
  readonly nanoDollarsPerHour?: number | undefined;
  readonly description?: Description | undefined;
  /** Of a finish. */
  readonly reason?: string | undefined;
}

/** price_changed comes after every other event of its millisecond and sequence. */
const PRICE_RANK = 99;

/** An entity's name in maps and in the store: one text, unambiguous for any ids. */
export function entityKey(id: EntityId): string {
  switch (id.kind) {
    case 'instance':
      return `instance:${keyText(id.instanceId)}`;
    case 'run':
      return `run:${keyText(id.runId)}`;
    case 'job':
      return jobKey(id.runId, id.jobId);
  }
}

/** As people read it. */
export function entityText(id: EntityId): string {
  switch (id.kind) {
    case 'instance':
      return `instance ${id.instanceId}`;
    case 'run':
      return `run ${id.runId}`;
    case 'job':
      return `job ${id.runId}/${id.jobId}`;
  }
}

/** The run id's length keeps ids that hold the separator apart. */
function jobKey(runId: string, jobId: string): string {
  const run = keyText(runId);
  return `job:${String(run.length)}:${run}:${keyText(jobId)}`;
}

const SURROGATE = /[\ud800-\udfff]/;

/**
 * A text as a part of a key. A lone surrogate has no UTF-8, so a store would give another key back than was put in: texts with
 * surrogates are written as JSON, and so are those that could be taken for it.
 */
export function keyText(text: string): string {
  return text.startsWith('"') || SURROGATE.test(text) ? JSON.stringify(text) : text;
}

/** A text as it stands on a page, in UTF-8: with U+FFFD for a lone surrogate. */
export function shownText(text: string): string {
  return SURROGATE.test(text) ? Buffer.from(text).toString() : text;
}

/**
 * A price as whole nano-dollars an hour, rounded half up from the decimal that JavaScript prints for it (contract, "Money and time").
 * Exact for 0 to 10^6 dollars: the result is at most 10^15.
 */
export function nanoDollars(dollars: number): number {
  const [digits = '', exponentText] = String(dollars).split('e');
  const [whole = '', fraction = ''] = digits.split('.');
  const point = whole.length + 9 + Number(exponentText ?? 0);
  const all = whole + fraction;
  if (point < 0) return 0;
  const kept = all.slice(0, point).padEnd(point, '0');
  const roundsUp = (all[point] ?? '0') >= '5';
  return Number(kept === '' ? '0' : kept) + (roundsUp ? 1 : 0);
}

export function entityOf(event: LifecycleEvent): EntityId {
  switch (event.type) {
    case 'fleetmeter.instance.started.v1':
    case 'fleetmeter.instance.status_changed.v1':
    case 'fleetmeter.instance.price_changed.v1':
    case 'fleetmeter.instance.terminated.v1':
      return { kind: 'instance', instanceId: event.data.instance.id };
    case 'fleetmeter.run.submitted.v1':
    case 'fleetmeter.run.status_changed.v1':
    case 'fleetmeter.run.finished.v1':
      return { kind: 'run', runId: event.data.run.id };
    case 'fleetmeter.job.submitted.v1':
    case 'fleetmeter.job.provisioned.v1':
    case 'fleetmeter.job.status_changed.v1':
    case 'fleetmeter.job.price_changed.v1':
    case 'fleetmeter.job.finished.v1':
      return { kind: 'job', runId: event.data.run.id, jobId: event.data.job.id };
  }
}

/** Says that the sender found the entity there, however old: its id is never forgotten (contract, "Log time"). */
export function isSnapshot(event: LifecycleEvent): boolean {
  switch (event.type) {
    case 'fleetmeter.instance.started.v1':
    case 'fleetmeter.run.submitted.v1':
    case 'fleetmeter.job.submitted.v1':
      return event.data.snapshot === true;
    case 'fleetmeter.instance.status_changed.v1':
    case 'fleetmeter.instance.price_changed.v1':
    case 'fleetmeter.instance.terminated.v1':
    case 'fleetmeter.run.status_changed.v1':
    case 'fleetmeter.run.finished.v1':
    case 'fleetmeter.job.provisioned.v1':
    case 'fleetmeter.job.status_changed.v1':
    case 'fleetmeter.job.price_changed.v1':
    case 'fleetmeter.job.finished.v1':
      return false;
  }
}

type Said = Omit<Fact, 'timeMs' | 'sequence' | 'source' | 'id'>;

/** All facts have the same members in the same order, undefined ones too: there are many, and that makes them fast to read. */
export function factOf(event: LifecycleEvent): Fact {
  const { timeMs, sequence, source, id } = event;
  const { rank, verb, status, nanoDollarsPerHour, description, reason } = saidBy(event);
  return { timeMs, sequence, rank, source, id, verb, status, nanoDollarsPerHour, description, reason };
}

/** One case an event type: a new event is one file under events/ and one case here. */
function saidBy(event: LifecycleEvent): Said {
  switch (event.type) {
    case 'fleetmeter.instance.started.v1': {
      const { project, fleet, instance, resources, price, status } = event.data;
      return {
        verb: 'described',
        rank: statusRank('instance', status ?? 'provisioning'),
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
      };
    }
    case 'fleetmeter.run.submitted.v1': {
      const { project, user, run, status } = event.data;
      return {
        verb: 'described',
        rank: statusRank('run', status ?? 'submitted'),
        status: status ?? undefined,
        description: { project, user, runName: run.name, runType: run.type, tags: tagsOf(run.tags) },
      };
    }
    case 'fleetmeter.job.submitted.v1': {
      const { project, user, run, job } = event.data;
      const named = { name: job.name, num: job.num, replicaNum: job.replica_num };
      return {
        verb: 'described',
        rank: statusRank('job', 'submitted'),
        description: { project, user, runName: run.name, runType: run.type, job: named },
      };
    }
    case 'fleetmeter.job.provisioned.v1': {
      const { instance, resources, price, blocks } = event.data;
      return {
        verb: 'provisioned',
        rank: statusRank('job', 'provisioning'),
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
      };
    }
    case 'fleetmeter.instance.status_changed.v1':
      return { verb: 'status', rank: statusRank('instance', event.data.status), status: event.data.status };
    case 'fleetmeter.run.status_changed.v1':
      return { verb: 'status', rank: statusRank('run', event.data.status), status: event.data.status };
    case 'fleetmeter.job.status_changed.v1':
      return { verb: 'status', rank: statusRank('job', event.data.status), status: event.data.status };
    case 'fleetmeter.instance.price_changed.v1':
    case 'fleetmeter.job.price_changed.v1':
      return {
        verb: 'price',
        rank: PRICE_RANK,
        nanoDollarsPerHour: nanoDollars(event.data.price.dollars_per_hour),
      };
    case 'fleetmeter.instance.terminated.v1':
      return {
        verb: 'finished',
        rank: statusRank('instance', 'terminated'),
        status: 'terminated',
        reason: event.data.reason ?? '',
      };
    case 'fleetmeter.run.finished.v1':
      return {
        verb: 'finished',
        rank: statusRank('run', event.data.status),
        status: event.data.status,
        reason: event.data.reason ?? '',
      };
    case 'fleetmeter.job.finished.v1':
      return {
        verb: 'finished',
        rank: statusRank('job', event.data.status),
        status: event.data.status,
        reason: event.data.reason ?? '',
      };
  }
}

/** Without those that are null: they count as absent. */
function tagsOf(tags: RunSubmitted['run']['tags']): Readonly<Record<string, string>> | undefined {
  if (tags == null) return undefined;
  const entries = Object.entries(tags);
  return Object.fromEntries(entries.filter((tag): tag is [string, string] => tag[1] !== null));
}
