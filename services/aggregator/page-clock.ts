import type { EventLog } from '../log/port';
import type { StateStore } from '../store/port';
import type { Timing } from './timing';

/**
 * Page time (contract, "The page"): the store's clock while a lifecycle fetch begun less than a second ago found nothing unread,
 * else the log time of the last record read. One question to the log and one to the store serve all partitions of the process.
 */
export interface PageClock {
  /** Asks the log for its ends and the store for its time. Call it more often than once a second. */
  refresh(): Promise<void>;
  /** The page time that a partition read up to `position` may commit now; null: none, nothing is known of it yet. */
  pageTimeMs(partition: number, position: number, lastLogTimeMs: number | null): number | null;
  /** Records between a position and the log's end as it was last seen. */
  lag(partition: number, position: number): number;
  /** The store's clock as of now, carried on by this process's monotonic one; null: it did not answer lately. */
  storeNowMs(): number | null;
}

const FRESH_MS = 1000;

export function openPageClock(log: EventLog, store: StateStore, timing: Timing): PageClock {
  let ends: { readonly askedAtMs: number; readonly endOf: readonly number[] } | null = null;
  let clock: { readonly answeredAtMs: number; readonly nowMs: number } | null = null;

  const storeNowMs = (): number | null => {
    if (clock === null) return null;
    const sinceMs = timing.now() - clock.answeredAtMs;
    return sinceMs < FRESH_MS ? Math.floor(clock.nowMs + sinceMs) : null;
  };

  return {
    async refresh() {
      await Promise.all([
        log.bounds('lifecycle').then((bounds) => {
          if (bounds.kind !== 'bounds') return;
          ends = { askedAtMs: bounds.askedAtMs, endOf: bounds.partitions.map(({ end }) => end) };
        }),
        store.clock().then((time) => {
          // Counted from when the answer was there: the estimate may run behind the store's clock, never ahead of it.
          if (time.kind === 'clock') clock = { answeredAtMs: timing.now(), nowMs: time.nowMs };
        }),
      ]);
    },
    pageTimeMs(partition, position, lastLogTimeMs) {
      const end = ends?.endOf[partition];
      const isFresh = ends !== null && timing.now() - ends.askedAtMs < FRESH_MS;
      if (end !== undefined && isFresh && position >= end) return storeNowMs() ?? lastLogTimeMs;
      return lastLogTimeMs;
    },
    lag: (partition, position) => Math.max(0, (ends?.endOf[partition] ?? position) - position),
    storeNowMs,
  };
}
