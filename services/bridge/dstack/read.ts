import type { Micros } from '../fact';
import type { EventRow, InstanceRow, RunRow } from './answers';
import { indexJobs, noteOf } from './apply';
import type { Noted } from './apply';
import type { Book } from './book';
import type { From, Page } from './client';
import { applyNotes, readingOf } from './context';
import type { Context } from './context';
import { learnDeletedJob, learnInstance, learnRun, meetInstance, meetRun } from './learn';

export const PAGE = 100;
/** How many ids dstack accepts in a filter. */
const FILTER_IDS = 16;
const EVENT_TYPES = ['run', 'job', 'instance', 'volume'];

/**
 * Everything that dstack still has on these runs: their rows, which have been read already, and then their
 * events if there may be any.
 */
export async function readRunsFully(
  context: Context,
  rows: readonly RunRow[],
  readMicros: Micros,
  mayHaveEvents: (row: RunRow) => boolean = () => true,
): Promise<void> {
  const { book, facts } = context;
  for (const row of rows) meetRun(book, row);
  for (const chunk of chunksOf(rows.filter(mayHaveEvents))) {
    const notes = await readNotes(context, { within_runs: chunk.map(({ id }) => id) });
    meetDeletedJobs(book, chunk, notes);
    applyNotes(context, indexJobs(book.runs), notes);
  }
  for (const row of rows) {
    const known = book.runs[row.id];
    if (known === undefined) continue;
    facts.push(...learnRun(known, row, readingOf(context, readMicros, true)));
    learnDeletedJobs(context, row);
  }
}

/** As readRunsFully(), for instances. */
export async function readInstancesFully(
  context: Context,
  rows: readonly InstanceRow[],
  readMicros: Micros,
  mayHaveEvents: (row: InstanceRow) => boolean = () => true,
): Promise<void> {
  const { book, facts } = context;
  for (const row of rows) meetInstance(book, row);
  for (const chunk of chunksOf(rows.filter(mayHaveEvents))) {
    const notes = await readNotes(context, { target_instances: chunk.map(({ id }) => id) });
    applyNotes(context, indexJobs(book.runs), notes);
  }
  for (const row of rows) {
    const known = book.instances[row.id];
    if (known !== undefined) facts.push(...learnInstance(known, row, readingOf(context, readMicros, true)));
  }
}

/** A list has the latest ten submissions of a job; a single run has all of them. */
const LISTED_SUBMISSIONS = 10;

export async function withAllSubmissions({ client }: Context, row: RunRow): Promise<RunRow> {
  const mayLack = row.jobs.some((job) => job.job_submissions.length >= LISTED_SUBMISSIONS);
  const whole = mayLack ? await client.run(row.project_name, row.id) : row;
  return typeof whole === 'string' ? row : whole;
}

/** Facts of jobs whose rows are gone: see learnDeletedJob(). */
export function learnDeletedJobs({ book, facts }: Context, row: RunRow): void {
  const known = book.runs[row.id];
  if (known === undefined) return;
  const rows = new Set(row.jobs.flatMap((job) => job.job_submissions.map(({ id }) => id)));
  for (const id of Object.keys(known.jobs)) {
    if (!rows.has(id)) facts.push(...learnDeletedJob(row.id, known, id, row.run_spec.configuration.type));
  }
}

/** RUN-NUM-REPLICA: how dstack names a job. */
const JOB_NAME = /^(.+)-(\d+)-(\d+)$/;

export function runNameOf(jobName: string): string | undefined {
  return JOB_NAME.exec(jobName)?.[1];
}

/**
 * A job that has events but no row belongs to the run of its name among those whose events were asked for.
 */
function meetDeletedJobs(book: Book, rows: readonly RunRow[], notes: readonly Noted[]): void {
  for (const { job, atMicros, message } of notes) {
    if (job === undefined || message.kind !== 'created' || message.of !== 'job') continue;
    const [, name, num, replica] = JOB_NAME.exec(job.name) ?? [];
    const row = rows.find((each) => each.run_spec.run_name === name && each.project_name === job.project);
    const known = row && book.runs[row.id];
    if (known === undefined) continue;
    known.jobs[job.id] ??= {
      status: message.status,
      statusMicros: atMicros,
      sent: [],
      name: job.name,
      num: Number(num),
      replicaNum: Number(replica),
    };
  }
}

function chunksOf<T>(rows: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let from = 0; from < rows.length; from += FILTER_IDS) chunks.push(rows.slice(from, from + FILTER_IDS));
  return chunks;
}

/** Ascending, to the last one. */
async function readNotes(context: Context, filter: Filter): Promise<Noted[]> {
  const notes: Noted[] = [];
  for (let from: From | undefined; ;) {
    const { rows, count, next } = await readEventPage(context, filter, from);
    notes.push(...rows.map(noteOf));
    if (count < PAGE) return notes;
    from = next;
  }
}

type Filter = Readonly<Record<string, unknown>>;

export function readEventPage(
  { client }: Context,
  filter: Filter = {},
  from?: From,
): Promise<Page<EventRow>> {
  const all = { ascending: true, limit: PAGE, include_target_types: EVENT_TYPES };
  return client.events({ ...all, ...filter }, from);
}
