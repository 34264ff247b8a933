import { setTimeout as delay } from 'node:timers/promises';
import type { GpuFields } from '../exposition/gpu-fields';
import type { Logger } from '../process/logger';
import { openSeldom } from '../process/rare-warning';
import type { Seldom } from '../process/rare-warning';
import type { Fetcher } from '../http/fetcher';
import type { CollectorMetrics } from './metrics';
import { openOutbox } from './outbox';
import type { Deliver } from './outbox';
import { openSchedule } from './schedule';
import type { Schedule } from './schedule';
import { openScraper } from './scraper';
import type { Scrape, Scraper } from './scraper';
import type { TargetSource } from './source';
import type { ScrapeTarget } from './target';

export interface CollectorOptions {
  readonly sources: readonly TargetSource[];
  readonly fetcher: Fetcher;
  readonly authorization: () => Readonly<Record<string, string>>;
  readonly intervalMs: number;
  /** How old an exporter's values may be when it is scraped. */
  readonly lagMs: number;
  readonly fields: GpuFields;
  readonly deliver: Deliver;
  readonly logger: Logger;
  readonly metrics: CollectorMetrics;
  readonly now: () => number;
}

export interface Collector {
  /** Why it is not ready; undefined: its targets are known, and the log takes its events. */
  trouble(): string | undefined;
  /** Stops scraping, and sends what it has. */
  close(): Promise<void>;
}

interface Collecting {
  readonly options: CollectorOptions;
  readonly seldom: Seldom;
  readonly scraper: Scraper;
  readonly bySource: Map<TargetSource, readonly ScrapeTarget[]>;
  readonly followed: Map<string, { readonly scrape: Scrape; readonly schedule: Schedule }>;
  /** Aborted when it closes. */
  readonly closing: AbortSignal;
}

/**
 * Scrapes the sources' targets, each at its own times, and puts a `gpu.sampled` event on the log for each
 * page.
 */
export function openCollector(options: CollectorOptions): Collector {
  const { sources, deliver, logger, now } = options;
  const seldom = openSeldom(logger, now);
  const outbox = openOutbox({
    deliver,
    logger,
    onDelivered: (events, rejected) => countDelivered(options, seldom, events, rejected),
  });
  const scraper = openScraper({ ...options, outbox, seldom });
  const closing = new AbortController();
  const collecting: Collecting = {
    options,
    seldom,
    scraper,
    bySource: new Map(),
    followed: new Map(),
    closing: closing.signal,
  };
  const following = sources.map((source) => follow(collecting, source));
  return {
    trouble() {
      if (collecting.bySource.size < sources.length) return 'not all sources of targets have been read yet';
      return outbox.isUp() ? undefined : 'the log takes no events';
    },
    async close() {
      closing.abort();
      for (const key of collecting.followed.keys()) unfollow(collecting, key);
      options.fetcher.close();
      await Promise.all([scraper.settle(), ...following]);
      await outbox.close();
    },
  };
}

function countDelivered(
  { metrics }: CollectorOptions,
  seldom: Seldom,
  events: number,
  rejected: readonly { readonly reason: string; readonly detail: string }[],
): void {
  metrics.events.inc(events);
  for (const { reason, detail } of rejected) {
    metrics.eventsRejected.inc({ reason });
    seldom.warn({ reason, detail }, 'an event was refused');
  }
}

/** Rereads a source regularly, and follows the targets that it names. */
async function follow(collecting: Collecting, source: TargetSource): Promise<void> {
  const { seldom, bySource, closing } = collecting;
  const { logger } = collecting.options;
  while (!isClosing(collecting)) {
    const read = await source.read();
    if (read?.kind === 'unreadable') {
      seldom.warn(
        { source: source.name, detail: read.detail },
        'targets are not readable, the last ones stay',
      );
    } else if (read !== undefined && !isClosing(collecting)) {
      bySource.set(source, read.targets);
      apply(collecting);
      logger.info({ source: source.name, targets: read.targets.length }, 'targets');
      for (const problem of read.problems) logger.warn({ source: source.name, problem }, 'no target');
    }
    await delay(source.everyMs, undefined, { signal: closing }).catch(() => undefined);
  }
}

/** Targets that stay keep their times. */
function apply(collecting: Collecting): void {
  const { scraper, bySource, followed } = collecting;
  const { intervalMs, now, metrics } = collecting.options;
  const wanted = new Map([...bySource.values()].flat().map((target) => [target.key, target]));
  for (const key of followed.keys()) if (!wanted.has(key)) unfollow(collecting, key);
  for (const [key, target] of wanted) {
    if (followed.has(key)) continue;
    const scrape = scraper.open(target);
    followed.set(key, {
      scrape,
      schedule: openSchedule(key, { intervalMs, now, ask: () => scrape.ask() }),
    });
  }
  metrics.targets.set(followed.size);
}

function unfollow({ followed }: Collecting, key: string): void {
  followed.get(key)?.schedule.stop();
  followed.get(key)?.scrape.close();
  followed.delete(key);
}

/** A function, since it changes while others await. */
function isClosing({ closing }: Collecting): boolean {
  return closing.aborted;
}
