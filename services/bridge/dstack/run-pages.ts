import type { Micros } from '../fact';
import { microsText } from '../fact';
import type { RunRow } from './answers';
import type { DstackClient, From, Page } from './client';
import { PAGE } from './read';
import { at } from './times';

type Filter = Readonly<Record<string, unknown>>;

const NEWEST = 10;
/** How close to the rows that dstack can't read the list continues. */
const STEP_MICROS = 1000;

/**
 * The next page of runs, oldest first; undefined: there are no more. dstack leaves out rows that it can't
 * read itself, so a short page need not be the last one, nor an empty one if there are newer runs. The list
 * then continues behind what can't be read: of a hundred such rows in a row, nobody knows the last.
 */
export async function nextRuns(
  client: DstackClient,
  filter: Filter,
  from: From | undefined,
): Promise<Page<RunRow> | undefined> {
  const list = (after: From | undefined): Promise<Page<RunRow>> =>
    client.runs({ ascending: true, limit: PAGE, ...filter }, after);
  const page = await list(from);
  if (page.next !== undefined) return page;
  const newest = (await client.runs({ limit: NEWEST, ...filter })).rows[0];
  if (newest === undefined || (from !== undefined && at(newest.submitted_at) <= at(from.at)))
    return undefined;
  return listFirst(list, from === undefined ? 0 : at(from.at), at(newest.submitted_at) - 1);
}

/** From the first moment between the two, found by bisection, that has rows after it. */
async function listFirst(
  list: (from: From) => Promise<Page<RunRow>>,
  emptyMicros: Micros,
  fullMicros: Micros,
): Promise<Page<RunRow>> {
  let [low, high] = [emptyMicros, fullMicros];
  let found = await list({ at: microsText(high) });
  while (high - low > STEP_MICROS) {
    const middle = Math.floor((low + high) / 2);
    const page = await list({ at: microsText(middle) });
    if (page.next === undefined) low = middle;
    else [high, found] = [middle, page];
  }
  return found;
}
