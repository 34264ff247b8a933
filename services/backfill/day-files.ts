import { join } from 'node:path';
import { ENTITY_FAMILIES, SUM_FAMILIES } from '../catalogue/families';
import { openBackfill } from './backfill';
import type { Backfill } from './backfill';
import { END, familyHeader, openSumPages } from './sum-pages';
import type { SumPages } from './sum-pages';
import { dayOf, daysOf } from './steps';
import type { Day, Steps } from './steps';
import { writeWhole } from '../process/whole-file';
import { makeFolder } from '../process/folder';
import { openSpool } from './spool';
import type { Spool } from './spool';

/** A backfill written into a folder: a file of OpenMetrics for each UTC day. */
export interface DayFiles {
  readonly backfill: Backfill;
  /**
   * Call it once all entities have been added: writes the files of the days that have samples. Returns their
   * paths.
   */
  write(): Promise<string[]>;
  /** Removes everything but the files. */
  close(): void;
}

const CHUNK_CHARS = 1 << 16;

export function openDayFiles(dir: string, steps: Steps, isAsked: (familyName: string) => boolean): DayFiles {
  makeFolder(dir);
  const spool = openSpool(dir);
  const backfill = openBackfill(steps, isAsked, (family, timeMs, line) => {
    spool.add(dayOf(timeMs), family, line);
  });
  return {
    backfill,
    async write() {
      const pages = openSumPages(backfill.sums, steps);
      const paths: string[] = [];
      for (const day of daysOf(steps)) {
        const path = join(dir, `${new Date(day.startMs).toISOString().slice(0, 10)}.om`);
        const text = inChunks(dayText(day, pages, spool, isAsked));
        const first = await text.next();
        if (first.done === true) continue;
        await writeWhole(path, withFirst(first.value, text));
        paths.push(path);
      }
      return paths;
    },
    close: () => {
      spool.remove();
    },
  };
}

/** Nothing if the day has no sample. */
async function* dayText(
  day: Day,
  pages: SumPages,
  spool: Spool,
  isAsked: (familyName: string) => boolean,
): AsyncGenerator<string> {
  let isEmpty = true;
  for (const family of ENTITY_FAMILIES) {
    if (!isAsked(family.name)) continue;
    let isOpened = false;
    for await (const text of familyText(family.name, day, pages, spool)) {
      if (!isOpened) yield familyHeader(family);
      isOpened = true;
      isEmpty = false;
      yield text;
    }
  }
  if (!isEmpty) yield END;
}

async function* familyText(name: string, day: Day, pages: SumPages, spool: Spool): AsyncGenerator<string> {
  const sum = SUM_FAMILIES.get(name);
  if (sum !== undefined) yield* pages.linesOf(sum, day);
  else yield* spool.read(day.startMs, name);
}

async function* inChunks(text: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const part of text) {
    chunk += part;
    if (chunk.length < CHUNK_CHARS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

async function* withFirst(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}
