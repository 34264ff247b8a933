import type { Micros } from '../fact';
import type { InstanceRow, RunRow } from './answers';
import type { Book, Cursor } from './book';
import { readChanges } from './changes';
import type { Changes } from './changes';
import type { From, Page } from './client';
import type { Context } from './context';
import { readInstancesFully, readRunsFully, withAllSubmissions } from './read';
import { nextRuns } from './run-pages';
import { at } from './times';
import { vanishedInstance, vanishedRun } from './vanished';
import { readVolumes } from './volumes';
import { readWantedInstances, readWantedRuns } from './wanted';
import type { Wanted } from './wanted';

/** dstack's own default, and far more than any page of runs: an instance's row is small. */
const INSTANCES = 1000;

/**
 * What events miss: everything alive, and what was created since the newest one listed, is listed and then
 * compared with what events have told by then. Only what differs is read in full.
 */
export async function relist(context: Context): Promise<Changes> {
  const { book } = context;
  const readMicros = context.nowMicros();
  const runs = await listRuns(context);
  const instances = await listInstances(context);
  const changes = await readChanges(context);
  const isQuiet = (id: string): boolean => !changes.touched.has(id);
  await readRunsAnew(context, runs, readMicros, isQuiet);
  await readInstancesAnew(context, instances, readMicros, isQuiet);
  await readVolumes(context);
  book.relistedMicros = readMicros;
  return changes;
}

type Filter = Readonly<Record<string, unknown>>;

/**
 * Reads all pages of a list, oldest first, into `listed`; returns where it ended. A page of fewer than `full`
 * rows is the last one.
 */
async function listAll<T extends { readonly id: string }>(
  listed: Map<string, T>,
  full: number,
  take: (from: From | undefined) => Promise<Page<T> | undefined>,
  from?: Cursor,
): Promise<Cursor | undefined> {
  for (let last = from; ;) {
    const page = await take(last);
    for (const row of page?.rows ?? []) listed.set(row.id, row);
    last = page?.next ?? last;
    if (page?.next === undefined || page.count < full) return last;
  }
}

async function listRuns({ client, book }: Context): Promise<Map<string, RunRow>> {
  const listed = new Map<string, RunRow>();
  const take = (filter: Filter) => (from: From | undefined) => nextRuns(client, filter, from);
  const active = await listAll(listed, 1, take({ only_active: true }));
  const since = await listAll(listed, 1, take({}), book.newestRun);
  const newest = newestOf([active, since, book.newestRun]);
  if (newest !== undefined) book.newestRun = newest;
  return listed;
}

/**
 * `only_active` means only idle and busy. What else is known to be alive is asked for by id, and what is new
 * by time.
 */
async function listInstances({ client, book }: Context): Promise<Map<string, InstanceRow>> {
  const listed = new Map<string, InstanceRow>();
  const take = (filter: Filter) => async (from: From | undefined) =>
    client.instances({ ascending: true, limit: INSTANCES, ...filter }, from);
  const active = await listAll(listed, INSTANCES, take({ only_active: true }));
  const since = await listAll(listed, INSTANCES, take({}), book.newestInstance);
  const newest = newestOf([active, since, book.newestInstance]);
  if (newest !== undefined) book.newestInstance = newest;
  return listed;
}

function newestOf(cursors: readonly (Cursor | undefined)[]): Cursor | undefined {
  const known = cursors.filter((cursor) => cursor !== undefined);
  return known.reduce<Cursor | undefined>(
    (newest, cursor) => (newest !== undefined && at(newest.at) >= at(cursor.at) ? newest : cursor),
    undefined,
  );
}

async function readRunsAnew(
  context: Context,
  listed: ReadonlyMap<string, RunRow>,
  readMicros: Micros,
  isQuiet: (id: string) => boolean,
): Promise<void> {
  const { book, client } = context;
  const differing = [...listed.values()].filter((row) => isQuiet(row.id) && differs(book, row, isQuiet));
  const whole: RunRow[] = [];
  for (const row of differing) whole.push(await withAllSubmissions(context, row));
  const unlisted = unlistedOf(book.runs, listed, isQuiet);
  const { rows, gone } = await readWantedRuns(client, unlisted);
  for (const row of rows) whole.push(await withAllSubmissions(context, row));
  await readRunsFully(context, whole, readMicros, () => book.events !== undefined);
  if (gone.length === 0 || !(await client.seesAll())) return;
  for (const id of gone) {
    const known = book.runs[id];
    if (known !== undefined) context.facts.push(...vanishedRun(id, known, lastSeenMicros(book)));
  }
}

/** What is known to be alive but was not listed: the project of each. */
function unlistedOf(
  known: Readonly<Record<string, { readonly project: string; readonly endMicros?: number }>>,
  listed: ReadonlyMap<string, unknown>,
  isQuiet: (id: string) => boolean,
): Wanted {
  const alive = Object.entries(known).filter(([, { endMicros }]) => endMicros === undefined);
  return new Map(
    alive.filter(([id]) => !listed.has(id) && isQuiet(id)).map(([id, { project }]) => [id, project]),
  );
}

function differs(book: Book, row: RunRow, isQuiet: (id: string) => boolean): boolean {
  const known = book.runs[row.id];
  if (known?.status !== row.status) return true;
  return row.jobs.some((job) =>
    job.job_submissions.some(({ id, status }) => isQuiet(id) && known.jobs[id]?.status !== status),
  );
}

async function readInstancesAnew(
  context: Context,
  listed: ReadonlyMap<string, InstanceRow>,
  readMicros: Micros,
  isQuiet: (id: string) => boolean,
): Promise<void> {
  const { book, client } = context;
  const differs = ({ id, status }: InstanceRow): boolean =>
    isQuiet(id) && book.instances[id]?.status !== status;
  const unlisted = unlistedOf(book.instances, listed, isQuiet);
  const { rows, gone } = await readWantedInstances(client, unlisted);
  const differing = [...listed.values(), ...rows].filter(differs);
  await readInstancesFully(context, differing, readMicros, () => book.events !== undefined);
  if (gone.length === 0 || !(await client.seesAll())) return;
  for (const id of gone) {
    const known = book.instances[id];
    if (known !== undefined) context.facts.push(...vanishedInstance(id, known, lastSeenMicros(book)));
  }
}

/** When dstack last showed everything that the book has of it. */
function lastSeenMicros({ relistedMicros }: Book): Micros {
  return relistedMicros ?? 0;
}
