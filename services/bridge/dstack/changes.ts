import { microsText } from '../fact';
import type { InstanceRow, RunRow } from './answers';
import { indexJobs, noteOf, type JobIndex, type Noted } from './apply';
import { applyNotes, readingOf, type Context } from './context';
import { OVERLAP_MICROS, learnInstance, learnRun, meetInstance, meetRun } from './learn';
import { PAGE, after, learnDeletedJobs, readEventPage, runNameOf } from './read';
import { forgetFinished } from './snapshot';
import { at } from './times';

/** Pages of events that one piece reads at most, so that what it has read is soon on the log. */
const PAGES = 20;

/** What a piece of changes has touched: the ids of runs, jobs and instances that its events are of. */
export interface Changes {
  readonly touched: ReadonlySet<string>;
  readonly events: number;
}

/**
 * What has happened since the last piece: the events from a minute before the newest one known, since dstack commits them later than
 * the time that they bear; then the rows of what they speak of.
 */
export async function readChanges(context: Context): Promise<Changes> {
  const { book, facts } = context;
  const notes = await readNewNotes(context);
  const { runs, instances } = await readRows(context, notes);
  const readMicros = context.nowMicros();
  for (const row of runs) meetRun(book, row);
  for (const row of instances) meetInstance(book, row);
  const jobs = indexJobs(book.runs);
  countUnmatched(context, jobs, notes);
  applyNotes(context, jobs, notes);
  const reading = readingOf(context, readMicros, false);
  for (const row of runs) {
    const known = book.runs[row.id];
    if (known !== undefined) facts.push(...learnRun(known, row, reading));
    learnDeletedJobs(context, row);
  }
  for (const row of instances) {
    const known = book.instances[row.id];
    if (known !== undefined) facts.push(...learnInstance(known, row, reading));
  }
  forgetFinished(context);
  const targets = notes.flatMap(({ run, job, instance }) => [run, job, instance]);
  return {
    touched: new Set(targets.flatMap((target) => (target === undefined ? [] : [target.id]))),
    events: notes.length,
  };
}

async function readNewNotes(context: Context): Promise<Noted[]> {
  const { book, noticed } = context;
  const notes: Noted[] = [];
  let from: Readonly<Record<string, string>> =
    book.events === undefined ? {} : { prev_recorded_at: microsText(at(book.events.at) - OVERLAP_MICROS) };
  for (let pages = 0; pages < PAGES; pages++) {
    const { rows, count } = await readEventPage(context, from);
    for (const row of rows) {
      if (book.seen[row.id] !== undefined) continue;
      const note = noteOf(row);
      book.seen[row.id] = note.atMicros;
      if (note.message.kind === 'unknown') noticed.unknownMessages++;
      notes.push(note);
    }
    const last = rows.at(-1);
    if (last === undefined) break;
    if (book.events === undefined || at(last.recorded_at) >= at(book.events.at))
      book.events = { at: last.recorded_at, id: last.id };
    from = after(last);
    if (count < PAGE) break;
  }
  const horizonMicros = book.events === undefined ? 0 : at(book.events.at) - OVERLAP_MICROS;
  book.seen = Object.fromEntries(
    Object.entries(book.seen).filter(([, atMicros]) => atMicros >= horizonMicros),
  );
  return notes;
}

interface Rows {
  readonly runs: readonly RunRow[];
  readonly instances: readonly InstanceRow[];
}

/** The rows of what an event alone does not tell enough of. */
async function readRows(context: Context, notes: readonly Noted[]): Promise<Rows> {
  const wanted = { runs: new Map<string, string>(), instances: new Map<string, string>() };
  const jobs = indexJobs(context.book.runs);
  for (const note of notes) {
    wantRun(context, jobs, note, wanted.runs);
    wantInstance(context, note, wanted.instances);
  }
  const { client } = context;
  return {
    runs: await readWanted(
      wanted.runs,
      LIST_RUNS_FROM,
      client.run,
      async () => (await client.runs({ limit: PAGE })).rows,
    ),
    instances: await readWanted(
      wanted.instances,
      LIST_INSTANCES_FROM,
      client.instance,
      async () => (await client.instances({ limit: PAGE })).rows,
    ),
  };
}

/** A page of rows costs dstack as much as so many that are asked for one by one. */
const LIST_RUNS_FROM = 8;
const LIST_INSTANCES_FROM = 5;

/** Where many are wanted, the newest page has most of them. */
async function readWanted<T extends { readonly id: string }>(
  wanted: Map<string, string>,
  listFrom: number,
  get: (project: string, id: string) => Promise<T | undefined>,
  listNewest: () => Promise<readonly T[]>,
): Promise<T[]> {
  const found: T[] = [];
  if (wanted.size > listFrom) {
    found.push(...(await listNewest()).filter(({ id }) => wanted.delete(id)));
  }
  for (const [id, project] of wanted) {
    const row = await get(project, id);
    if (row !== undefined) found.push(row);
  }
  return found;
}

const TELLS_OF_ROW: ReadonlySet<string> = new Set([
  'provisioning',
  'terminated',
  'aborted',
  'failed',
  'done',
]);

function wantRun(
  { book }: Context,
  jobs: JobIndex,
  { run, job, message }: Noted,
  wanted: Map<string, string>,
): void {
  if (run !== undefined && (message.kind === 'status' || message.kind === 'created')) {
    const isEnd =
      message.kind === 'status' && TELLS_OF_ROW.has(message.status) && message.status !== 'provisioning';
    if (isEnd || book.runs[run.id] === undefined) wanted.set(run.id, run.project);
  }
  if (job === undefined || message.kind === 'other' || message.kind === 'unknown') return;
  const known = jobs.get(job.id);
  if (known !== undefined) {
    const isTelling = message.kind === 'status' && message.of === 'job' && TELLS_OF_ROW.has(message.status);
    if (isTelling) wanted.set(known.runId, job.project);
    return;
  }
  // A retry, or another replica: of the run that has its name, which is the only live one of that name in its project.
  const name = runNameOf(job.name);
  for (const [id, each] of Object.entries(book.runs))
    if (each.name === name && each.project === job.project) wanted.set(id, job.project);
}

const DESCRIBED_ANEW: ReadonlySet<string> = new Set(['provisioning', 'idle', 'terminated']);

function wantInstance({ book }: Context, { instance, message }: Noted, wanted: Map<string, string>): void {
  if (instance === undefined || message.kind === 'other' || message.kind === 'unknown') return;
  const known = book.instances[instance.id];
  const isDescribedAnew =
    message.kind === 'provisioned' ||
    (message.kind === 'status' && message.of === 'instance' && DESCRIBED_ANEW.has(message.status));
  // Idle after busy is the same machine.
  if (known === undefined || (isDescribedAnew && known.status !== 'busy') || isEndOf(message))
    wanted.set(instance.id, instance.project);
}

function isEndOf(message: Noted['message']): boolean {
  return message.kind === 'status' && message.of === 'instance' && message.status === 'terminated';
}

/** Of what dstack has no row any more, or a run that is long over. */
function countUnmatched({ book, noticed }: Context, jobs: JobIndex, notes: readonly Noted[]): void {
  for (const { run, job, instance, message } of notes) {
    if (message.kind === 'other' || message.kind === 'unknown') continue;
    const isKnown =
      (run !== undefined && book.runs[run.id] !== undefined) ||
      (job !== undefined && jobs.has(job.id)) ||
      (instance !== undefined && book.instances[instance.id] !== undefined);
    if (!isKnown) noticed.unmatched++;
  }
}
