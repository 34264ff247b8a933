import { setTimeout as delay } from 'node:timers/promises';
import { openWitness } from '../partition/pages';
import { readPage } from '../support/page-series';
import { until } from '../support/server';

/** Asks replicas in turn for the page, all the time. */
export interface Scraper {
  /** What was wrong with any scrape, a line each. */
  readonly faults: readonly string[];
  count(): number;
  longestAnswerMs(): number;
  /** Page time of the last page, ms. */
  pageTimeMs(): number;
  /** Waits until page time has moved on. */
  movesOn(): Promise<void>;
  stop(): Promise<void>;
}

const EVERY_MS = 150;
const DEADLINE_MS = 90_000;

export function startScraper(urls: readonly string[]): Scraper {
  const witness = openWitness();
  const faults: string[] = [];
  let count = 0;
  let pageTimeMs = 0;
  let longestAnswerMs = 0;
  const over = new AbortController();

  async function scrape(url: string): Promise<void> {
    const startMs = performance.now();
    const response = await fetch(`${url}/metrics`);
    const text = await response.text();
    longestAnswerMs = Math.max(longestAnswerMs, performance.now() - startMs);
    if (response.status !== 200) {
      faults.push(`${url} answered ${String(response.status)}: ${text}`);
      return;
    }
    count++;
    faults.push(...witness.fallenOn(text));
    const timeMs = (readPage(text).get('fleetmeter_page_timestamp_seconds{}') ?? 0) * 1000;
    if (timeMs < pageTimeMs)
      faults.push(`page time went back from ${String(pageTimeMs)} to ${String(timeMs)}`);
    pageTimeMs = timeMs;
  }

  const scraping = (async () => {
    for (let turn = 0; !over.signal.aborted; turn++) {
      const url = urls[turn % urls.length] ?? '';
      await scrape(url).catch((error: unknown) => faults.push(`${url}: ${String(error)}`));
      await delay(EVERY_MS);
    }
  })();

  return {
    faults,
    count: () => count,
    longestAnswerMs: () => longestAnswerMs,
    pageTimeMs: () => pageTimeMs,
    async movesOn() {
      const fromMs = pageTimeMs;
      await until(
        () => pageTimeMs > fromMs,
        DEADLINE_MS,
        () => `page time stands still at ${String(fromMs)}`,
      );
    },
    async stop() {
      over.abort();
      await scraping;
    },
  };
}
