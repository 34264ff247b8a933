import { TypeCompiler } from '@sinclair/typebox/compiler';
import { Tags } from '../../../events/fields';
import { KINDS } from '../../../events/kinds';
import { LAST } from '../fact';
import type { Fact, Micros } from '../fact';
import type { DstackResources, InstanceRow, JobRow, RunRow, SubmissionRow } from './answers';
import type { KnownJob } from './book';
import { at } from './times';

/**
 * The facts that rows tell. They are functions of the row, and of what events have said about it: when and
 * where a job was provisioned, and when an instance ended.
 *
 * Each has one source of time. Beginnings: `submitted_at` and `created`. Ends: `finished_at` of a job or an
 * instance, and `last_processed_at` of a finished run, which dstack sets in the transaction that ends it.
 */

/**
 * dstack renames users that it deletes. If the earlier name is known it is kept, and the new one never
 * replaces it.
 */
export function isDeletedName(name: string): boolean {
  return name.startsWith('_deleted_');
}

/** If two descriptions of the same moment differ, the one that knows more is the later one. */
const LESS = 0;
const MORE = 1;

/** @param user as first known: see isDeletedName() */
export function runSubmitted(row: RunRow, user: string): Fact {
  const { configuration, profile } = row.run_spec;
  const isScheduled = (configuration.schedule ?? profile?.schedule) != null;
  const tags = tagsOf(configuration.tags);
  return {
    type: 'fleetmeter.run.submitted.v1',
    atMicros: at(row.submitted_at),
    detail: detailOf(user),
    data: {
      project: row.project_name,
      user,
      run: { ...runOf(row), ...(tags === undefined ? {} : { tags }) },
      status: isScheduled ? 'pending' : 'submitted',
      snapshot: true,
    },
  };
}

export function jobSubmitted(
  row: RunRow,
  user: string,
  { job_spec: spec }: JobRow,
  submission: SubmissionRow,
): Fact {
  return {
    type: 'fleetmeter.job.submitted.v1',
    atMicros: at(submission.submitted_at),
    detail: detailOf(user),
    data: {
      project: row.project_name,
      user,
      run: runOf(row),
      job: {
        id: submission.id,
        name: spec.job_name,
        num: spec.job_num,
        replica_num: spec.replica_num,
        submission_num: submission.submission_num,
      },
      snapshot: true,
    },
  };
}

function detailOf(user: string): number {
  return isDeletedName(user) ? LESS : MORE;
}

function runOf({ id, run_spec: spec }: RunRow) {
  return { id, name: spec.run_name, type: spec.configuration.type };
}

/** Undefined if the row has no offer yet. */
export function jobProvisioned(
  runId: string,
  submission: SubmissionRow,
  atMicros: Micros,
  instance: KnownJob['instance'],
): Fact | undefined {
  const provisioned = submission.job_provisioning_data;
  if (provisioned == null) return undefined;
  const offer = submission.job_runtime_data?.offer;
  const blocks = blocksOf(offer?.blocks, offer?.total_blocks);
  return {
    type: 'fleetmeter.job.provisioned.v1',
    atMicros,
    detail: instance === undefined ? LESS : MORE,
    data: {
      run: { id: runId },
      job: { id: submission.id },
      instance: {
        ...instance,
        type: provisioned.instance_type.name,
        backend: provisioned.base_backend ?? provisioned.backend,
      },
      resources: resourcesOf((offer?.instance ?? provisioned.instance_type).resources),
      price: { dollars_per_hour: offer?.price ?? provisioned.price },
      ...(blocks === undefined ? {} : { blocks }),
    },
  };
}

function blocksOf(used: number | null | undefined, total: number | null | undefined) {
  return used != null && total != null && used >= 1 && used <= total ? { used, total } : undefined;
}

/** Undefined for a job that has not finished. */
export function jobFinished(runId: string, submission: SubmissionRow): Fact | undefined {
  const status = KINDS.job.statuses.finished.find((one) => one === submission.status);
  if (status === undefined) return undefined;
  const { termination_reason: reason, exit_status: exitStatus } = submission;
  return {
    type: 'fleetmeter.job.finished.v1',
    atMicros: at(submission.finished_at ?? submission.last_processed_at),
    detail: LAST,
    data: {
      run: { id: runId },
      job: { id: submission.id },
      status,
      ...(reason == null ? {} : { reason }),
      ...(exitStatus == null ? {} : { exit_status: exitStatus }),
    },
  };
}

/** Undefined for a run that has not finished. */
export function runFinished(row: RunRow): Fact | undefined {
  const status = KINDS.run.statuses.finished.find((one) => one === row.status);
  if (status === undefined) return undefined;
  const { id, termination_reason: reason } = row;
  return {
    type: 'fleetmeter.run.finished.v1',
    atMicros: at(row.last_processed_at),
    detail: LAST,
    data: { run: { id }, status, ...(reason == null ? {} : { reason }) },
  };
}

export function instanceStarted(row: InstanceRow): Fact {
  const { instance_type: type, backend, region, total_blocks: blocks, price } = row;
  // dstack fills these in when the instance is provisioned; the fuller description is the later one.
  const told = {
    ...(type == null ? {} : { type: type.name }),
    ...(backend == null ? {} : { backend }),
    ...(region == null ? {} : { region }),
    ...(blocks == null || blocks < 1 ? {} : { total_blocks: blocks }),
  };
  const rest = {
    ...(type == null ? {} : { resources: resourcesOf(type.resources) }),
    ...(price == null ? {} : { price: { dollars_per_hour: price } }),
  };
  const fleet = row.fleet_id == null ? {} : { fleet: { id: row.fleet_id, name: row.fleet_name ?? '' } };
  return {
    type: 'fleetmeter.instance.started.v1',
    atMicros: at(row.created),
    detail: Object.keys(told).length + Object.keys(rest).length,
    data: {
      project: row.project_name,
      ...fleet,
      instance: { id: row.id, name: row.name, ...told },
      ...rest,
      snapshot: true,
    },
  };
}

/** The status it was created in, as of `created`: after what `started` implies, before everything else. */
export function instanceCreatedAs(row: InstanceRow, status: string): Fact | undefined {
  return instanceStatus(row.id, status, at(row.created), LAST - 1);
}

/**
 * Undefined for an instance that has not ended. If dstack has no time for its end (it gave up provisioning
 * it), it is the event's. Once all events have been read and none has told one, it ended when it began:
 * nothing vouches for a second of it.
 */
export function instanceTerminated(
  row: InstanceRow,
  toldMicros: Micros | undefined,
  isComplete: boolean,
): Fact | undefined {
  if (row.status !== 'terminated') return undefined;
  const { finished_at: finishedAt, termination_reason: reason } = row;
  if (finishedAt == null && toldMicros === undefined && !isComplete) return undefined;
  return {
    type: 'fleetmeter.instance.terminated.v1',
    atMicros: finishedAt == null ? (toldMicros ?? at(row.created)) : at(finishedAt),
    detail: LAST,
    data: { instance: { id: row.id }, ...(reason == null ? {} : { reason }) },
  };
}

// ---- status points: undefined for a status that is none of those that may follow --------------------------

export function instanceStatus(id: string, text: string, atMicros: Micros, detail = 0): Fact | undefined {
  const status = KINDS.instance.statuses.unfinished.find((one) => one === text);
  if (status === undefined) return undefined;
  return {
    type: 'fleetmeter.instance.status_changed.v1',
    atMicros,
    detail,
    data: { instance: { id }, status },
  };
}

export function runStatus(id: string, text: string, atMicros: Micros): Fact | undefined {
  const status = KINDS.run.statuses.unfinished.find((one) => one === text);
  if (status === undefined) return undefined;
  return { type: 'fleetmeter.run.status_changed.v1', atMicros, detail: 0, data: { run: { id }, status } };
}

export function jobStatus(runId: string, id: string, text: string, atMicros: Micros): Fact | undefined {
  const status = KINDS.job.statuses.unfinished.find((one) => one === text);
  if (status === undefined) return undefined;
  return {
    type: 'fleetmeter.job.status_changed.v1',
    atMicros,
    detail: 0,
    data: { run: { id: runId }, job: { id }, status },
  };
}

// ---- parts ------------------------------------------------------------------------------------------------

const validTags = TypeCompiler.Compile(Tags);

/**
 * In order of name. If there are more, or longer ones, than fit into an event, the rest is left out: a run
 * counts without its tags.
 */
function tagsOf(tags: unknown): Record<string, string | null> | undefined {
  if (!validTags.Check(tags)) return undefined;
  const entries = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

type Resources = Extract<Fact, { readonly type: 'fleetmeter.job.provisioned.v1' }>['data']['resources'];
const MIB = 1024 * 1024;

/** As on dstack's page: on a host with several sorts of GPU, the first one determines name and size. */
function resourcesOf({ cpus, memory_mib: memory, gpus }: DstackResources): Resources {
  const [gpu] = gpus;
  return {
    cpus,
    memory_bytes: memory * MIB,
    ...(gpu === undefined
      ? {}
      : {
          gpu: {
            ...(gpu.vendor == null ? {} : { vendor: gpu.vendor }),
            name: gpu.name,
            count: gpus.length,
            memory_bytes: gpu.memory_mib * MIB,
          },
        }),
  };
}
