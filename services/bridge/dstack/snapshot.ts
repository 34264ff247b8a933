import type { InstanceRow, RunRow } from './answers';
import type { Cursor } from './book';
import type { Context } from './context';
import { OVERLAP_MICROS } from './learn';
import { PAGE, readEventPage, readInstancesFully, readRunsFully, withAllSubmissions } from './read';
import { nextRuns } from './run-pages';
import { at } from './times';
import { readVolumes } from './volumes';

/**
 * The snapshot: instances, then all runs there ever were, oldest first, a page per piece, so that it can be
 * interrupted anywhere and continues from there. Each is read with its events, as far as dstack still has
 * them.
 */
export async function readSnapshot(context: Context): Promise<void> {
  const { book } = context;
  const { snapshot } = book;
  if (snapshot === undefined) return;
  if (snapshot.instances === 'unread') return begin(context);
  if (snapshot.instances !== 'done') return readInstancePage(context, snapshot.instances);
  const { runs } = snapshot;
  const readMicros = context.nowMicros();
  const page = await nextRuns(context.client, {}, runs === 'begin' ? undefined : runs);
  if (page?.next === undefined) {
    await readVolumes(context);
    delete book.snapshot;
    return;
  }
  const whole = await Promise.all(page.rows.map((row) => withAllSubmissions(context, row)));
  await readRunsFully(context, whole, readMicros, (row) => mayHaveEvents(context, endOfRun(row)));
  forgetFinished(context);
  snapshot.runs = book.newestRun = page.next;
}

/** Events are followed from before the snapshot. */
async function begin(context: Context): Promise<void> {
  const { book } = context;
  const [first] = (await readEventPage(context, { limit: 1 })).rows;
  const [newest] = (await readEventPage(context, { limit: 1, ascending: false })).rows;
  if (newest !== undefined) book.events = { at: newest.recorded_at, id: newest.id };
  book.snapshot = {
    instances: 'begin',
    runs: 'begin',
    ...(first === undefined ? {} : { firstEventMicros: at(first.recorded_at) }),
  };
}

async function readInstancePage(context: Context, from: Cursor | 'begin'): Promise<void> {
  const { book, client } = context;
  const { snapshot } = book;
  if (snapshot === undefined) return;
  const readMicros = context.nowMicros();
  const list = { ascending: true, limit: PAGE };
  const { rows, next } = await client.instances(list, from === 'begin' ? undefined : from);
  if (next === undefined) {
    snapshot.instances = 'done';
    return;
  }
  await readInstancesFully(context, rows, readMicros, (row) => mayHaveEvents(context, endOfInstance(row)));
  forgetFinished(context);
  snapshot.instances = book.newestInstance = next;
}

function endOfRun(row: RunRow): string | undefined {
  return ['done', 'failed', 'terminated'].includes(row.status) ? row.last_processed_at : undefined;
}

function endOfInstance(row: InstanceRow): string | undefined {
  return row.status === 'terminated' ? (row.finished_at ?? undefined) : undefined;
}

/** dstack drops events when they are this old. */
function mayHaveEvents({ book }: Context, end: string | undefined): boolean {
  const firstMicros = book.snapshot?.firstEventMicros;
  return firstMicros !== undefined && (end === undefined || at(end) >= firstMicros - OVERLAP_MICROS);
}

/** There is no more to tell about what ended long ago: the book need not remember it. */
export function forgetFinished({ book }: Context): void {
  const newest = book.events;
  const horizonMicros = newest === undefined ? Infinity : at(newest.at) - 10 * OVERLAP_MICROS;
  book.runs = withoutOld(book.runs, horizonMicros);
  book.instances = withoutOld(book.instances, horizonMicros);
}

function withoutOld<T extends { endMicros?: number }>(
  entries: Record<string, T>,
  horizonMicros: number,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(entries).filter(
      ([, { endMicros }]) => !(endMicros !== undefined && endMicros < horizonMicros),
    ),
  );
}
