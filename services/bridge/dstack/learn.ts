import { KINDS } from '../../../events/kinds';
import { LAST, idOf } from '../fact';
import type { Fact, Micros } from '../fact';
import type { InstanceRow, RunRow, SubmissionRow } from './answers';
import type { Book, KnownInstance, KnownJob, KnownRun } from './book';
import {
  instanceCreatedAs,
  instanceStarted,
  instanceStatus,
  instanceTerminated,
  isDeletedName,
  jobFinished,
  jobProvisioned,
  jobStatus,
  jobSubmitted,
  runFinished,
  runStatus,
  runSubmitted,
} from './describe';
import { at } from './times';

/** How a row was read. */
export interface Reading {
  /** When it was requested, by dstack's clock. */
  readonly readMicros: Micros;
  /**
   * Whether everything that dstack's events say about it was read after the row: then what they don't explain
   * they never will, and it is told with the earliest time that the row can vouch for.
   */
  readonly isComplete: boolean;
  /** Called for each fact that no event has explained, with how late it may be. */
  readonly onVouched: (kind: 'run' | 'job' | 'instance', lateMicros: Micros) => void;
}

/** An event may be seen this long after its time: it is recorded before it is committed. */
export const OVERLAP_MICROS = 60_000_000;

/**
 * Puts a run into the book if it is not there yet. Its status is the initial one, until events or rows say
 * otherwise.
 */
export function meetRun(book: Book, row: RunRow): KnownRun {
  const { configuration, profile } = row.run_spec;
  const known = (book.runs[row.id] ??= {
    status: (configuration.schedule ?? profile?.schedule) == null ? 'submitted' : 'pending',
    statusMicros: at(row.submitted_at),
    sent: [],
    project: row.project_name,
    user: row.user,
    name: row.run_spec.run_name,
    jobs: {},
  });
  if (isDeletedName(known.user)) known.user = row.user;
  for (const { job_spec: spec, job_submissions: submissions } of row.jobs) {
    for (const { id, submitted_at: submittedAt } of submissions) {
      known.jobs[id] ??= {
        status: 'submitted',
        statusMicros: at(submittedAt),
        sent: [],
        name: spec.job_name,
        num: spec.job_num,
        replicaNum: spec.replica_num,
      };
    }
  }
  return known;
}

export function meetInstance(book: Book, row: InstanceRow): KnownInstance {
  const known = (book.instances[row.id] ??= {
    status: 'provisioning',
    statusMicros: at(row.created),
    sent: [],
    project: row.project_name,
  });
  if (row.hostname != null && row.hostname !== '') known.hostname = row.hostname;
  return known;
}

/** The facts of a run's row, its jobs' included, that according to the book have not been told yet. */
export function learnRun(known: KnownRun, row: RunRow, reading: Reading): Fact[] {
  const facts = [...unsent(known, runSubmitted(row, known.user))];
  for (const job of row.jobs) {
    for (const submission of job.job_submissions) {
      const knownJob = known.jobs[submission.id];
      if (knownJob === undefined) continue;
      facts.push(...unsent(knownJob, jobSubmitted(row, known.user, job, submission)));
      facts.push(...learnJob(row.id, knownJob, submission, reading));
    }
  }
  const finished = runFinished(row);
  if (finished !== undefined) {
    end(known, row.status, finished.atMicros);
  } else if (isUnexplained(known, row.status, at(row.submitted_at), reading)) {
    const atMicros = Math.max(at(row.last_processed_at), known.statusMicros + 1);
    facts.push(...vouch(known, row.status, runStatus(row.id, row.status, atMicros), 'run', reading));
  }
  return [...facts, ...unsent(known, finished)];
}

function learnJob(runId: string, known: KnownJob, row: SubmissionRow, reading: Reading): Fact[] {
  const facts: Fact[] = [];
  const vouchedMicros = at(row.finished_at ?? row.last_processed_at);
  const lacksProvisioned =
    known.provisionedMicros === undefined && row.job_provisioning_data != null && row.status !== 'submitted';
  if (reading.isComplete && lacksProvisioned) {
    known.provisionedMicros = vouchedMicros;
    reading.onVouched('job', vouchedMicros - at(row.submitted_at));
    if (known.status === 'submitted') known.status = 'provisioning';
  }
  if (known.provisionedMicros !== undefined)
    facts.push(...unsent(known, jobProvisioned(runId, row, known.provisionedMicros, known.instance)));
  const finished = jobFinished(runId, row);
  if (finished !== undefined) {
    end(known, row.status, finished.atMicros);
  } else if (isUnexplained(known, row.status, at(row.submitted_at), reading)) {
    const atMicros = Math.max(vouchedMicros, known.statusMicros + 1);
    facts.push(...vouch(known, row.status, jobStatus(runId, row.id, row.status, atMicros), 'job', reading));
  }
  return [...facts, ...unsent(known, finished)];
}

/**
 * dstack has no time for an instance's status: only that of the answer vouches for it. If the instance is
 * being terminated, the status is not told at all: dstack gives up idle instances without a word, the end
 * will soon have its own time, and until then it costs the same. Otherwise its idle time would depend on who
 * looked when.
 */
export function learnInstance(known: KnownInstance, row: InstanceRow, reading: Reading): Fact[] {
  if (reading.isComplete && row.status === 'pending') known.createdAs ??= 'pending';
  const created = known.createdAs === undefined ? undefined : instanceCreatedAs(row, known.createdAs);
  const facts = [...unsent(known, instanceStarted(row)), ...unsent(known, created)];
  if (created !== undefined && known.statusMicros <= created.atMicros) known.status = known.createdAs ?? '';
  const terminated = instanceTerminated(row, known.endMicros, reading.isComplete);
  if (terminated !== undefined) {
    end(known, row.status, terminated.atMicros);
  } else if (isUnexplained(known, row.status, at(row.created), reading)) {
    if (row.status === 'terminating') known.status = row.status;
    else facts.push(...vouchInstance(known, row, reading));
  }
  return [...facts, ...unsent(known, terminated)];
}

function vouchInstance(known: KnownInstance, row: InstanceRow, reading: Reading): Fact[] {
  const atMicros = Math.max(reading.readMicros, known.statusMicros + 1);
  const point = instanceStatus(row.id, row.status, atMicros);
  return vouch(known, row.status, point, 'instance', reading);
}

function end(known: Known, status: string, endMicros: Micros): void {
  known.endMicros = endMicros;
  known.status = status;
}

type Known = Pick<KnownInstance, 'status' | 'statusMicros' | 'endMicros'>;

/**
 * A status told by an event in the last minute may be the newer one: dstack commits row and event together.
 */
function isUnexplained(
  known: Readonly<Known>,
  status: string,
  beginMicros: Micros,
  { isComplete, readMicros }: Reading,
): boolean {
  if (!isComplete || known.status === status) return false;
  return known.statusMicros <= beginMicros || known.statusMicros < readMicros - OVERLAP_MICROS;
}

function vouch(
  known: Known,
  status: string,
  point: Fact | undefined,
  kind: 'run' | 'job' | 'instance',
  { onVouched }: Reading,
): Fact[] {
  if (point === undefined) return [];
  onVouched(kind, point.atMicros - known.statusMicros);
  known.status = status;
  known.statusMicros = point.atMicros;
  return [point];
}

/**
 * What events alone tell about a job whose row dstack has deleted: a retry that found no capacity, once there
 * are two later ones. Its times are those of the events.
 */
export function learnDeletedJob(
  runId: string,
  run: KnownRun,
  id: string,
  runType: string | undefined,
): Fact[] {
  const known = run.jobs[id];
  const isTold = known?.sent.some((fact) => fact.startsWith('job.finished/'));
  if (known?.endMicros === undefined || isTold === true) return [];
  const status = KINDS.job.statuses.finished.find((one) => one === known.status);
  if (status === undefined) return [];
  const { project, user, name } = run;
  const submitted: Fact | undefined =
    known.createdMicros === undefined || runType === undefined || known.sent.length > 0
      ? undefined
      : {
          type: 'fleetmeter.job.submitted.v1',
          atMicros: known.createdMicros,
          detail: 0,
          data: {
            project,
            user,
            run: { id: runId, name, type: runType },
            job: { id, name: known.name, num: known.num, replica_num: known.replicaNum },
            snapshot: true,
          },
        };
  if (submitted === undefined && known.sent.length === 0) return [];
  const finished: Fact = {
    type: 'fleetmeter.job.finished.v1',
    atMicros: known.endMicros,
    detail: LAST,
    data: {
      run: { id: runId },
      job: { id },
      status,
      ...(known.reason === undefined ? {} : { reason: known.reason }),
    },
  };
  return [...unsent(known, submitted), ...unsent(known, finished)];
}

export function unsent(known: { sent: string[] }, fact: Fact | undefined): Fact[] {
  if (fact === undefined) return [];
  const id = idOf(fact);
  if (known.sent.includes(id)) return [];
  known.sent.push(id);
  return [fact];
}
