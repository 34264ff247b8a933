import { setTimeout as delay } from 'node:timers/promises';
import { pageTimeOf, watchCounters } from '../support/counters';

/** A Prometheus that asks one replica after the other, all the time. */
export interface Prometheus {
  /** Counters that it has seen fall, a line each. */
  readonly fallen: readonly string[];
  readonly pages: number;
  /** Answers without a page: replicas that are away, or say 503. */
  readonly gaps: number;
  /** Waits for a page as of `timeMs` or later; answers when it came. Throws after `patienceMs`. */
  pageAsOf(timeMs: number, patienceMs: number): Promise<number>;
  /** The longest time in between without a page that is as of later than the one before. */
  longestGapMs(fromMs: number, toMs: number): number;
  stop(): Promise<void>;
}

const EVERY_MS = 150;
const PATIENCE_MS = 15_000;

/** `urls`: where the replicas are by now. */
export function startPrometheus(urls: () => readonly string[]): Prometheus {
  const counters = watchCounters();
  const fallen: string[] = [];
  let pages = 0;
  let gaps = 0;
  let turn = 0;
  let stopped = false;
  /** When page time had moved on. */
  const advances: number[] = [];
  let last = { pageTimeMs: 0, atMs: 0, why: 'not asked yet' };

  async function scrape(url: string): Promise<void> {
    try {
      const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(PATIENCE_MS) });
      const body = await response.text();
      if (response.status !== 200) {
        gaps++;
        last = { ...last, why: body.slice(0, 300) };
        return;
      }
      pages++;
      const pageTimeMs = pageTimeOf(body) * 1000;
      if (pageTimeMs > last.pageTimeMs) advances.push(Date.now());
      last = { pageTimeMs, atMs: Date.now(), why: '' };
      for (const line of counters.see(body)) fallen.push(`${new Date().toISOString()} ${url} ${line}`);
    } catch (error) {
      gaps++;
      last = { ...last, why: String(error) };
    }
  }

  const isStopped = (): boolean => stopped;
  const running = (async () => {
    while (!isStopped()) {
      const all = urls();
      const url = all[turn++ % all.length];
      if (url !== undefined) await scrape(url);
      await delay(EVERY_MS);
    }
  })();

  return {
    fallen,
    get pages() {
      return pages;
    },
    get gaps() {
      return gaps;
    },
    async pageAsOf(timeMs, patienceMs) {
      const endMs = Date.now() + patienceMs;
      while (last.pageTimeMs < timeMs) {
        if (Date.now() > endMs)
          throw new Error(`no page as of ${new Date(timeMs).toISOString()}: ${last.why}`);
        await delay(20);
      }
      return last.atMs;
    },
    longestGapMs(fromMs, toMs) {
      const before = advances.findLast((atMs) => atMs <= fromMs) ?? fromMs;
      const times = [before, ...advances.filter((atMs) => atMs > fromMs && atMs <= toMs), toMs];
      return Math.max(...times.map((atMs, i) => atMs - (times[i - 1] ?? atMs)));
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}
