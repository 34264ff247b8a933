import { setTimeout as delay } from 'node:timers/promises';
import type { GpuFields } from '../exposition/gpu-fields';
import type { Logger } from '../process/logger';
import { openSeldom } from '../process/rare-warning';
import type { Fetcher } from '../http/fetcher';
import type { CollectorMetrics } from './metrics';
import { type Deliver, openOutbox } from './outbox';
import { type Schedule, openSchedule } from './schedule';
import { type Scrape, openScraper } from './scraper';
import type { TargetSource } from './source';
import type { ScrapeTarget } from './target';

export interface CollectorOptions {
  readonly sources: readonly TargetSource[];
  readonly fetcher: Fetcher;
  readonly authorization: () => Readonly<Record<string, string>>;
  readonly intervalMs: number;
  /** How old an exporter's values may be when it gives them. */
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
  /** Scrapes no more, and sends what it has. */
  close(): Promise<void>;
}

/** Scrapes the sources' targets, each in its own rhythm, and puts a `gpu.sampled` event on the log for each page. */
export function openCollector(options: CollectorOptions): Collector {
  const { sources, intervalMs, deliver, logger, metrics, now } = options;
  const seldom = openSeldom(logger, now);
  const outbox = openOutbox({
    deliver,
    logger,
    onDelivered(events, rejected) {
      metrics.events.inc(events);
      for (const { reason, detail } of rejected) {
        metrics.eventsRejected.inc({ reason });
        seldom.warn({ reason, detail }, 'an event was refused');
      }
    },
  });
  const scraper = openScraper({ ...options, outbox, seldom });
  const bySource = new Map<TargetSource, readonly ScrapeTarget[]>();
  const followed = new Map<string, { readonly scrape: Scrape; readonly schedule: Schedule }>();
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;

  /** Targets that stay keep their rhythm. */
  function apply(): void {
    const wanted = new Map([...bySource.values()].flat().map((target) => [target.key, target]));
    for (const key of followed.keys()) if (!wanted.has(key)) unfollow(key);
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

  function unfollow(key: string): void {
    followed.get(key)?.schedule.stop();
    followed.get(key)?.scrape.close();
    followed.delete(key);
  }

  async function follow(source: TargetSource): Promise<void> {
    while (!isClosing()) {
      const read = await source.read();
      if (read?.kind === 'unreadable') {
        seldom.warn(
          { source: source.name, detail: read.detail },
          'targets are not readable, the last ones stay',
        );
      } else if (read !== undefined && !isClosing()) {
        bySource.set(source, read.targets);
        apply();
        logger.info({ source: source.name, targets: read.targets.length }, 'targets');
        for (const problem of read.problems) logger.warn({ source: source.name, problem }, 'no target');
      }
      await delay(source.everyMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  const following = sources.map(follow);

  return {
    trouble() {
      if (bySource.size < sources.length) return 'not all sources of targets have been read yet';
      return outbox.isUp() ? undefined : 'the log takes no events';
    },
    async close() {
      closing.abort();
      for (const key of followed.keys()) unfollow(key);
      options.fetcher.close();
      await Promise.all([scraper.settle(), ...following]);
      await outbox.close();
    },
  };
}
