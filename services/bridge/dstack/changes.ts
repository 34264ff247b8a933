import { microsText } from '../fact';
import type { EventRow, InstanceRow, RunRow } from './answers';
import { indexJobs, noteOf } from './apply';
import type { JobIndex, Noted } from './apply';
import type { From } from './client';
import { applyNotes, readingOf } from './context';
import type { Context } from './context';
import { OVERLAP_MICROS, learnInstance, learnRun, meetInstance, meetRun } from './learn';
import { PAGE, learnDeletedJobs, readEventPage, runNameOf } from './read';
import { forgetFinished } from './snapshot';
import { at } from './times';
import { readVolumes } from './volumes';
import { readWantedInstances, readWantedRuns } from './wanted';

/**
 * The most pages of new events that one piece reads, so that what it has read is soon on the log: a bridge
 * that is killed again and again still makes that much progress each time.
 */
const PAGES = 5;

export interface Changes {
  /** The ids of runs, jobs and instances that its events are of. */
  readonly touched: ReadonlySet<string>;
  readonly events: number;
  /** False: there are more events. */
  readonly isWhole: boolean;
}

/**
 * What has happened since the last piece: the events from a minute before the newest one known, since dstack
 * commits them later than their time; then the rows that they are about.
 */
export async function readChanges(context: Context): Promise<Changes> {
  const { book, facts } = context;
  const { notes, isWhole } = await readNewNotes(context);
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
  if (notes.some(({ isOfVolume }) => isOfVolume)) await readVolumes(context);
  forgetFinished(context);
  const targets = notes.flatMap(({ run, job, instance }) => [run, job, instance]);
  return {
    touched: new Set(targets.flatMap((target) => (target === undefined ? [] : [target.id]))),
    events: notes.length,
    isWhole,
  };
}

interface NewNotes {
  readonly notes: readonly Noted[];
  readonly isWhole: boolean;
}

async function readNewNotes(context: Context): Promise<NewNotes> {
  const { book } = context;
  const notes: Noted[] = [];
  let from: From | undefined = book.events && { at: microsText(at(book.events.at) - OVERLAP_MICROS) };
  let isWhole = false;
  for (let pages = 0; pages < PAGES && !isWhole;) {
    const { rows, count, next } = await readEventPage(context, {}, from);
    const news = rows.filter(({ id }) => book.seen[id] === undefined);
    notes.push(...news.map((row) => meetEvent(context, row)));
    if (next !== undefined && (book.events === undefined || at(next.at) >= at(book.events.at)))
      book.events = next;
    // What was already read, in the overlap, may be more than any number of pages.
    if (news.length > 0) pages++;
    isWhole = count < PAGE;
    from = next;
  }
  const horizonMicros = book.events === undefined ? 0 : at(book.events.at) - OVERLAP_MICROS;
  book.seen = Object.fromEntries(
    Object.entries(book.seen).filter(([, atMicros]) => atMicros >= horizonMicros),
  );
  return { notes, isWhole };
}

function meetEvent({ book, noticed }: Context, row: EventRow): Noted {
  const note = noteOf(row);
  book.seen[row.id] = note.atMicros;
  if (note.message.kind === 'unknown') noticed.unknownMessages++;
  return note;
}

interface Rows {
  readonly runs: readonly RunRow[];
  readonly instances: readonly InstanceRow[];
}

/** The rows of things that an event alone doesn't tell enough about. */
async function readRows(context: Context, notes: readonly Noted[]): Promise<Rows> {
  const wanted = { runs: new Map<string, string>(), instances: new Map<string, string>() };
  const jobs = indexJobs(context.book.runs);
  for (const note of notes) {
    wantRun(context, jobs, note, wanted.runs);
    wantInstance(context, note, wanted.instances);
  }
  const { client } = context;
  const { rows: runs } = await readWantedRuns(client, wanted.runs);
  const { rows: instances } = await readWantedInstances(client, wanted.instances);
  return { runs, instances };
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
  // A retry, or another replica, of the run with its name, which is the only live one of that name in its
  // project.
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
  // Idle after busy: it is the same machine.
  if (known === undefined || (isDescribedAnew && known.status !== 'busy') || isEndOf(message))
    wanted.set(instance.id, instance.project);
}

function isEndOf(message: Noted['message']): boolean {
  return message.kind === 'status' && message.of === 'instance' && message.status === 'terminated';
}

/** About something of which dstack no longer has a row, or a run that is long over. */
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
