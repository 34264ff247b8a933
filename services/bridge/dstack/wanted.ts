import type { InstanceRow, RunRow } from './answers';
import type { DstackClient, From, Page } from './client';
import { PAGE } from './read';

/** Rows that are wanted: the project of each, by id. */
export type Wanted = Map<string, string>;

export interface Found<T> {
  readonly rows: readonly T[];
  /** What dstack no longer knows. */
  readonly gone: readonly string[];
}

interface Source<T> {
  readonly get: (project: string, id: string) => Promise<T | 'gone' | 'unreadable'>;
  readonly list: (from: From | undefined) => Promise<Page<T>>;
  /** A page of rows costs dstack as much as this many asked for one by one. */
  readonly listAbove: number;
}

/** The newest pages usually have most of what is wanted. */
const NEWEST_PAGES = 10;

export function readWantedRuns(client: DstackClient, wanted: Wanted): Promise<Found<RunRow>> {
  const list = (from: From | undefined) => client.runs({ limit: PAGE }, from);
  return readWanted(wanted, { get: client.run, list, listAbove: 8 });
}

export function readWantedInstances(client: DstackClient, wanted: Wanted): Promise<Found<InstanceRow>> {
  const list = (from: From | undefined) => client.instances({ limit: PAGE }, from);
  return readWanted(wanted, { get: client.instance, list, listAbove: 5 });
}

async function readWanted<T extends { readonly id: string }>(
  wanted: Wanted,
  { get, list, listAbove }: Source<T>,
): Promise<Found<T>> {
  const left = new Map(wanted);
  const rows: T[] = [];
  const gone: string[] = [];
  let from: From | undefined;
  for (let pages = 0; pages < NEWEST_PAGES && left.size > listAbove; pages++) {
    const page = await list(from);
    const found = page.rows.filter(({ id }) => left.delete(id));
    rows.push(...found);
    from = page.next;
    if (found.length === 0 || from === undefined) break;
  }
  for (const [id, project] of left) {
    const row = await get(project, id);
    if (row === 'gone') gone.push(id);
    else if (row !== 'unreadable') rows.push(row);
  }
  return { rows, gone };
}
