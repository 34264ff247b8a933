import { decodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import { SUM_FAMILIES } from '../../services/catalogue/families';
import { openBackfill } from '../../services/backfill/backfill';
import { openEntities } from '../../services/history/entities';
import { openSumPages } from '../../services/backfill/sum-pages';
import { ENTITY_FAMILIES } from '../../services/catalogue/families';
import { daysOf, type Steps } from '../../services/backfill/steps';
import { readPage } from '../support/page-series';
import { type Settings } from '../support/history';

/** The series at each moment (ms), keyed as readPage() does. */
export type Moments = ReadonlyMap<number, ReadonlyMap<string, number>>;

/** Fills all families in from the lines of a file, without any file. */
export function fillIn(lines: readonly string[], settings: Settings, steps: Steps): Moments {
  const samples: string[] = [];
  const backfill = openBackfill(
    steps,
    () => true,
    (_, __, line) => samples.push(line),
  );
  const fold = openEntities({ ...settings, asOfMs: null }, settings.partitions, steps.fromMs, backfill.add);
  for (const line of lines) {
    const decoded = decodeEvent(Buffer.from(line));
    if (!decoded.ok) continue;
    fold.take(decoded.event, partitionOf(routeOf(decoded.event).key, settings.partitions), null);
  }
  fold.finish();
  const pages = openSumPages(backfill.sums, steps);
  for (const day of daysOf(steps)) {
    for (const { name } of ENTITY_FAMILIES) {
      const family = SUM_FAMILIES.get(name);
      if (family !== undefined) samples.push(...pages.linesOf(family, day));
    }
  }
  // As it goes out: a lone surrogate has no UTF-8.
  return momentsOf(Buffer.from(samples.join('')).toString());
}

/**
 * Reads sample lines with timestamps; throws where a series is there twice at a moment, or goes back in time.
 */
export function momentsOf(samples: string): Moments {
  const byMoment = new Map<number, string[]>();
  for (const line of samples.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const at = line.lastIndexOf(' ');
    const timeMs = Number(line.slice(at + 1)) * 1000;
    byMoment.set(timeMs, [...(byMoment.get(timeMs) ?? []), line.slice(0, at)]);
  }
  // Each moment as a page whose families are not together.
  return new Map([...byMoment].map(([timeMs, page]) => [timeMs, seriesOf(page)] as const));
}

function seriesOf(page: readonly string[]): ReadonlyMap<string, number> {
  const series = new Map<string, number>();
  for (const line of page) {
    for (const [key, value] of readPage(`# TYPE ${nameOf(line)} untyped\n${line}\n`)) {
      if (series.has(key)) throw new Error(`twice: ${key}`);
      series.set(key, value);
    }
  }
  return series;
}

function nameOf(line: string): string {
  return /^[^{ ]+/.exec(line)?.[0] ?? '';
}

/** What of a page can be filled in. */
export function isFilledIn(key: string): boolean {
  const name = nameOf(key);
  return ENTITY_FAMILIES.some(
    (family) => name === family.name || (family.type === 'histogram' && name.startsWith(`${family.name}_`)),
  );
}
