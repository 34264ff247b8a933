import type { Micros } from '../fact';
import type { InstanceRow, RunRow } from './answers';
import type { Book, Cursor } from './book';
import { readChanges, type Changes } from './changes';
import type { Context } from './context';
import { PAGE, readInstancesFully, readRunsFully } from './read';
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
  for (const row of differing) whole.push((await client.run(row.project_name, row.id)) ?? row);
  for (const [id, known] of Object.entries(book.runs)) {
    if (known.endMicros !== undefined || listed.has(id) || !isQuiet(id)) continue;
    const row = await client.run(known.project, id);
    if (row !== undefined) whole.push(row);
    else if (await client.seesAll()) context.facts.push(...vanishedRun(id, known, lastSeenMicros(book)));
  }
  await readRunsFully(context, whole, readMicros);
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
  const differing = [...listed.values()].filter(
    ({ id, status }) => isQuiet(id) && book.instances[id]?.status !== status,
  );
  for (const [id, known] of Object.entries(book.instances)) {
    if (known.endMicros !== undefined || listed.has(id) || !isQuiet(id)) continue;
    const row = await client.instance(known.project, id);
    if (row !== undefined) differing.push(row);
    else if (await client.seesAll()) context.facts.push(...vanishedInstance(id, known, lastSeenMicros(book)));
  }
  await readInstancesFully(context, differing, readMicros);
}

/** When dstack has last shown all that the book has of it. */
function lastSeenMicros({ relistedMicros }: Book): Micros {
  return relistedMicros ?? 0;
}
