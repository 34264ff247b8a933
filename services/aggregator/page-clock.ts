import { FUTURE_MS } from '../fold/ledger';
import type { EventLog } from '../log/port';
import type { Partition } from '../partition/partition';
import type { StateStore, StoreUnavailable } from '../store/port';
import { openStoreClock } from './store-clock';
import type { StepNews } from './store-clock';
import type { Timing } from './timing';

/**
 * Page time (contract, "The page"): the store's clock while a lifecycle fetch begun less than a second ago found nothing unread,
 * else the log time of the last record read. One question to the log and one to the store serve all partitions of the process.
 *
 * It never goes back, unless a clock was wrong: one that is more than 300 s ahead of the store's clock goes back to it. Nor does a
 * log time that is so far ahead move it, since a broker's clock can be wrong too.
 */
export interface PageClock {
  /** Asks the log for its ends and the store for its time. Call it more often than once a second. */
  refresh(): Promise<void>;
  /** Asks the store; answers its clock as it is followed. */
  askStore(): Promise<{ readonly kind: 'clock'; readonly nowMs: number } | StoreUnavailable>;
  /** The page time that the partition may commit now; null: none, nothing is known of it yet. */
  pageTimeMs(
    partition: Pick<Partition, 'number' | 'positions' | 'lastLogTimeMs' | 'pageTimeMs'>,
  ): number | null;
  /** Is a moment so far ahead of the store's clock that a clock must be, or have been, wrong? */
  isTooFarAhead(timeMs: number): boolean;
  /** Records between a position and the log's end as it was last seen. */
  lag(partition: number, position: number): number;
  /** The store's clock as it is followed; null: it did not answer lately. */
  storeNowMs(): number | null;
  /** The same, however long ago it answered; null: never. */
  followedMs(): number | null;
  /** By how much it has stepped and is not followed yet, ms. */
  stepMs(): number | null;
}

const FRESH_MS = 1000;

export function openPageClock(
  log: EventLog,
  store: StateStore,
  timing: Timing,
  onStep?: (news: StepNews, stepMs: number) => void,
): PageClock {
  const clock = openStoreClock(timing, onStep);
  let ends: { readonly askedAtMs: number; readonly endOf: readonly number[] } | null = null;
  let answeredAtMs = -Infinity;

  const isFresh = (atMs: number): boolean => timing.now() - atMs < FRESH_MS;
  const storeNowMs = (): number | null => (isFresh(answeredAtMs) ? clock.nowMs() : null);
  const isTooFarAhead = (timeMs: number): boolean => timeMs - (clock.nowMs() ?? Infinity) > FUTURE_MS;

  async function askStore(): ReturnType<PageClock['askStore']> {
    const askedAtMs = timing.now();
    const time = await store.clock();
    if (time.kind === 'unavailable') return time;
    answeredAtMs = timing.now();
    clock.observe(time.nowMs, askedAtMs);
    const nowMs = clock.nowMs();
    if (nowMs === null) return { kind: 'unavailable', detail: 'its clock was answered too late to be told' };
    return { kind: 'clock', nowMs };
  }

  /** What page time would be if it could only go on. */
  function soughtMs(position: number, number: number, lastLogTimeMs: number | null): number | null {
    const end = ends?.endOf[number];
    const nothingUnread = ends !== null && isFresh(ends.askedAtMs) && end !== undefined && position >= end;
    const nowMs = nothingUnread ? storeNowMs() : null;
    if (nowMs !== null || lastLogTimeMs === null) return nowMs;
    return isTooFarAhead(lastLogTimeMs) ? clock.nowMs() : lastLogTimeMs;
  }

  return {
    async refresh() {
      await Promise.all([
        log.bounds('lifecycle').then((bounds) => {
          if (bounds.kind !== 'bounds') return;
          ends = { askedAtMs: bounds.askedAtMs, endOf: bounds.partitions.map(({ end }) => end) };
        }),
        askStore(),
      ]);
    },
    askStore,
    pageTimeMs({ number, positions, lastLogTimeMs, pageTimeMs }) {
      if (pageTimeMs !== null && isTooFarAhead(pageTimeMs)) return clock.nowMs();
      const sought = soughtMs(positions.lifecycle, number, lastLogTimeMs);
      return sought === null ? pageTimeMs : Math.max(sought, pageTimeMs ?? sought);
    },
    isTooFarAhead,
    lag: (partition, position) => Math.max(0, (ends?.endOf[partition] ?? position) - position),
    storeNowMs,
    followedMs: () => clock.nowMs(),
    stepMs: () => clock.stepMs(),
  };
}
