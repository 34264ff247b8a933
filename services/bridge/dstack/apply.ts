import type { Fact, Micros } from '../fact';
import type { EventRow } from './answers';
import type { Book, KnownInstance, KnownJob, KnownRun } from './book';
import { instanceStatus, jobStatus, runStatus } from './describe';
import { readMessage } from './message';
import type { Message } from './message';
import { at } from './times';

/** An event as it is used: what it says, about what, and when. */
export interface Noted {
  readonly id: string;
  readonly atMicros: Micros;
  readonly message: Message;
  readonly run?: Target;
  readonly job?: Target;
  readonly instance?: Target;
  /** A volume's events tell only that something about volumes has changed. */
  readonly isOfVolume: boolean;
}

export interface Target {
  readonly id: string;
  readonly name: string;
  readonly project: string;
}

/** Targets are distinguished by type: their order differs from message to message. */
export function noteOf(event: EventRow): Noted {
  const target = (type: string): Target | undefined => {
    const found = event.targets.find((each) => each.type === type);
    return found && { id: found.id, name: found.name, project: found.project_name ?? '' };
  };
  const [run, job, instance] = ['run', 'job', 'instance'].map(target);
  return {
    id: event.id,
    atMicros: at(event.recorded_at),
    message: readMessage(event.message),
    isOfVolume: target('volume') !== undefined,
    ...(run && { run }),
    ...(job && { job }),
    ...(instance && { instance }),
  };
}

/** Jobs of the known runs, by id: a job's event doesn't say which run it belongs to. */
export type JobIndex = Map<string, { readonly runId: string; readonly job: KnownJob }>;

export function indexJobs(runs: Readonly<Record<string, KnownRun>>): JobIndex {
  const index: JobIndex = new Map();
  for (const [runId, { jobs }] of Object.entries(runs))
    for (const [id, job] of Object.entries(jobs)) index.set(id, { runId, job });
  return index;
}

/** A point this much older than the newest one was told when it was new. */
const NEWS_MICROS = 600_000_000;

/**
 * Writes into the book what an event says about things known there. Returns the facts that need no row: the
 * status points.
 */
export function applyNote(book: Book, jobs: JobIndex, note: Noted): Fact[] {
  const facts: (Fact | undefined)[] = [];
  const { run, job, instance, message } = note;
  const knownRun = run && book.runs[run.id];
  if (run && knownRun && message.kind === 'status' && message.of === 'run') {
    if (isNews(knownRun, note)) facts.push(runStatus(run.id, message.status, note.atMicros));
    setStatus(knownRun, message.status, note.atMicros);
  }
  const knownJob = job && jobs.get(job.id);
  if (job && knownJob) facts.push(applyToJob(knownJob, job.id, note));
  const knownInstance = instance && book.instances[instance.id];
  if (instance && knownInstance) facts.push(applyToInstance(knownInstance, instance.id, note));
  return facts.filter((fact) => fact !== undefined);
}

function applyToJob(
  { runId, job }: { readonly runId: string; readonly job: KnownJob },
  id: string,
  { message, instance, atMicros }: Noted,
): Fact | undefined {
  const isLink = message.kind === 'assigned' || message.kind === 'provisioned' || message.kind === 'created';
  if (isLink && instance !== undefined) job.instance = { id: instance.id, name: instance.name };
  if (message.kind === 'created' && message.of === 'job') job.createdMicros = atMicros;
  if (message.kind !== 'status' || message.of !== 'job') return undefined;
  const { status, reason } = message;
  const point = jobStatus(runId, id, status, atMicros);
  const isTold = status === 'provisioning' || !isNews(job, { atMicros });
  setStatus(job, status, atMicros);
  if (reason !== undefined) job.reason = reason;
  if (status === 'provisioning')
    job.provisionedMicros = Math.min(job.provisionedMicros ?? Infinity, atMicros);
  // The event about its provisioning is no longer there, and this is later than that.
  if (status === 'pulling' || status === 'running') job.provisionedMicros ??= atMicros;
  if (point === undefined) job.endMicros ??= atMicros;
  return isTold ? undefined : point;
}

function applyToInstance(known: KnownInstance, id: string, { message, atMicros }: Noted): Fact | undefined {
  if (message.kind === 'created' && message.of === 'instance') known.createdAs ??= message.status;
  const isStatus = (message.kind === 'status' && message.of === 'instance') || message.kind === 'provisioned';
  if (!isStatus) return undefined;
  const point = isNews(known, { atMicros }) ? instanceStatus(id, message.status, atMicros) : undefined;
  setStatus(known, message.status, atMicros);
  if (message.status === 'terminated') known.endMicros ??= atMicros;
  return point;
}

function isNews(
  { statusMicros }: { readonly statusMicros: Micros },
  { atMicros }: { readonly atMicros: Micros },
): boolean {
  return atMicros > statusMicros - NEWS_MICROS;
}

function setStatus(known: { status: string; statusMicros: number }, status: string, atMicros: Micros): void {
  if (atMicros < known.statusMicros) return;
  known.status = status;
  known.statusMicros = atMicros;
}
