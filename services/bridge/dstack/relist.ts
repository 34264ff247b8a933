import type { Micros } from '../fact';
import type { InstanceRow, RunRow } from './answers';
import type { Book, Cursor } from './book';
import { readChanges, type Changes } from './changes';
import type { Context } from './context';
import { PAGE, readInstancesFully, readRunsFully, withAllSubmissions } from './read';
import { at } from './times';
import { vanishedInstance, vanishedRun } from './vanished';

/** dstack's own default, and far above any page of runs: an instance's row is small. */
const INSTANCES = 1000;

/**
 * What events miss: all that is alive, and what was created since the newest one listed, is listed and then compared with what events
 * have told by then. Only what differs is read in full.
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
  book.relistedMicros = readMicros;
  return changes;
}

type Filter = Readonly<Record<string, unknown>>;

/** All pages of a list, oldest first, into `listed`. */
async function listAll<T extends { readonly id: string }>(
  listed: Map<string, T>,
  take: (filter: Filter) => Promise<{ readonly rows: readonly T[]; readonly isLast: boolean }>,
  after: (row: T) => Filter,
  from: Filter = {},
): Promise<void> {
  for (let filter = from; ;) {
    const { rows, isLast } = await take(filter);
    for (const row of rows) listed.set(row.id, row);
    const last = rows.at(-1);
    if (last === undefined || isLast) return;
    filter = after(last);
  }
}

async function listRuns({ client, book }: Context): Promise<Map<string, RunRow>> {
  const listed = new Map<string, RunRow>();
  const take = (fixed: Filter) => async (filter: Filter) => {
    const { rows } = await client.runs({ ascending: true, limit: PAGE, ...fixed, ...filter });
    // dstack leaves out what it can't read itself: a short page is not the last one.
    return { rows, isLast: false };
  };
  const after = ({ submitted_at: submittedAt, id }: RunRow) => ({
    prev_submitted_at: submittedAt,
    prev_run_id: id,
  });
  await listAll(listed, take({ only_active: true }), after);
  const { newestRun } = book;
  const since = newestRun && { prev_submitted_at: newestRun.at, prev_run_id: newestRun.id };
  await listAll(listed, take({}), after, since);
  const newest = newestOf(
    [...listed.values()].map(({ submitted_at: submittedAt, id }) => ({ at: submittedAt, id })),
    newestRun,
  );
  if (newest !== undefined) book.newestRun = newest;
  return listed;
}

/** `only_active` is idle and busy alone. What else is known to be alive is asked for by its id, and what is new by its time. */
async function listInstances({ client, book }: Context): Promise<Map<string, InstanceRow>> {
  const listed = new Map<string, InstanceRow>();
  const take = (fixed: Filter) => async (filter: Filter) => {
    const { rows, count } = await client.instances({
      ascending: true,
      limit: INSTANCES,
      ...fixed,
      ...filter,
    });
    return { rows, isLast: count < INSTANCES };
  };
  const after = ({ created, id }: InstanceRow) => ({ prev_created_at: created, prev_id: id });
  await listAll(listed, take({ only_active: true }), after);
  const { newestInstance } = book;
  const since = newestInstance && { prev_created_at: newestInstance.at, prev_id: newestInstance.id };
  await listAll(listed, take({}), after, since);
  const newest = newestOf(
    [...listed.values()].map(({ created, id }) => ({ at: created, id })),
    newestInstance,
  );
  if (newest !== undefined) book.newestInstance = newest;
  return listed;
}

function newestOf(cursors: readonly Cursor[], known: Cursor | undefined): Cursor | undefined {
  return cursors.reduce(
    (newest, cursor) => (newest !== undefined && at(newest.at) >= at(cursor.at) ? newest : cursor),
    known,
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
  const { found, gone } = await readUnlisted(unlisted, client.run, (last: RunRow | undefined) =>
    client.runs({
      limit: PAGE,
      ...(last && { prev_submitted_at: last.submitted_at, prev_run_id: last.id }),
    }),
  );
  for (const row of found) whole.push(await withAllSubmissions(context, row));
  await readRunsFully(context, whole, readMicros, () => book.events !== undefined);
  if (gone.length === 0 || !(await client.seesAll())) return;
  for (const id of gone) {
    const known = book.runs[id];
    if (known !== undefined) context.facts.push(...vanishedRun(id, known, lastSeenMicros(book)));
  }
}

/** What is known to be alive, and is not among what was listed: the project of each. */
function unlistedOf(
  known: Readonly<Record<string, { readonly project: string; readonly endMicros?: number }>>,
  listed: ReadonlyMap<string, unknown>,
  isQuiet: (id: string) => boolean,
): Map<string, string> {
  const alive = Object.entries(known).filter(([, { endMicros }]) => endMicros === undefined);
  return new Map(
    alive.filter(([id]) => !listed.has(id) && isQuiet(id)).map(([id, { project }]) => [id, project]),
  );
}

/** So many are asked for one by one; of more, the newest pages have most. */
const GET_AT_MOST = 8;
const NEWEST_PAGES = 10;

async function readUnlisted<T extends { readonly id: string }>(
  wanted: Map<string, string>,
  get: (project: string, id: string) => Promise<T | undefined>,
  list: (last: T | undefined) => Promise<{ readonly rows: readonly T[] }>,
): Promise<{ readonly found: readonly T[]; readonly gone: readonly string[] }> {
  const found: T[] = [];
  const gone: string[] = [];
  let last: T | undefined;
  for (let page = 0; page < NEWEST_PAGES && wanted.size > GET_AT_MOST; page++) {
    const { rows } = await list(last);
    found.push(...rows.filter(({ id }) => wanted.delete(id)));
    last = rows.at(-1);
    if (last === undefined) break;
  }
  for (const [id, project] of wanted) {
    const row = await get(project, id);
    if (row === undefined) gone.push(id);
    else found.push(row);
  }
  return { found, gone };
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
  const { found, gone } = await readUnlisted(unlisted, client.instance, (last: InstanceRow | undefined) =>
    client.instances({ limit: INSTANCES, ...(last && { prev_created_at: last.created, prev_id: last.id }) }),
  );
  const rows = [...listed.values(), ...found].filter(differs);
  await readInstancesFully(context, rows, readMicros, () => book.events !== undefined);
  if (gone.length === 0 || !(await client.seesAll())) return;
  for (const id of gone) {
    const known = book.instances[id];
    if (known !== undefined) context.facts.push(...vanishedInstance(id, known, lastSeenMicros(book)));
  }
}

/** When dstack has last shown all that the book has of it. */
function lastSeenMicros({ relistedMicros }: Book): Micros {
  return relistedMicros ?? 0;
}
