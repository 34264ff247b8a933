import { FUTURE_MS } from '../../events/time';
import type { EventLog } from '../log/port';
import type { Partition } from '../partition/partition';
import type { StateStore, StoreUnavailable } from '../store/port';
import { openStoreClock } from './store-clock';
import type { StepNews, StoreClock } from './store-clock';
import type { Timing } from './timing';

/**
 * Page time (contract, "The page"): the store's clock while a lifecycle fetch begun less than a second ago
 * found nothing unread, otherwise the log time of the last record read. One question to the log and one to
 * the store serve all partitions of the process.
 *
 * It never goes back unless a clock was wrong: a page time more than 300 s ahead of the store's clock goes
 * back to it. A log time that far ahead does not move it either, since a broker's clock can be wrong too.
 */
export interface PageClock {
  /** Asks the log for its ends and the store for its time. Call it more often than once a second. */
  refresh(): Promise<void>;
  /** Asks the store; returns its clock as it is followed. */
  askStore(): Promise<{ readonly kind: 'clock'; readonly nowMs: number } | StoreUnavailable>;
  /** The page time that the partition may commit now; null: none, since nothing is known about it yet. */
  pageTimeMs(partition: PageTimed): number | null;
  /** While a step back is not followed yet: whether page time would go back if it were. */
  isInDoubt(pageTimeMs: number | null): boolean;
  /** Whether a moment is so far ahead of the store's clock that a clock must be, or have been, wrong. */
  isTooFarAhead(timeMs: number): boolean;
  /** How many records are between a position and the log's end as last seen. */
  lag(partition: number, position: number): number;
  /** The store's clock as it is followed; null: the store has not answered lately. */
  storeNowMs(): number | null;
  /** The same, however long ago it answered; null: never. */
  followedMs(): number | null;
  /** By how much it has stepped without being followed yet, ms. */
  stepMs(): number | null;
}

type PageTimed = Pick<Partition, 'number' | 'positions' | 'lastLogTimeMs' | 'pageTimeMs'>;

const FRESH_MS = 1000;

/** What was learned of the log's ends and of the store's time. */
interface Known {
  readonly timing: Timing;
  readonly clock: StoreClock;
  ends: { readonly askedAtMs: number; readonly endOf: readonly number[] } | null;
  /** When the store last answered. */
  answeredAtMs: number;
}

export function openPageClock(
  log: EventLog,
  store: StateStore,
  timing: Timing,
  onStep?: (news: StepNews, stepMs: number) => void,
): PageClock {
  const clock = openStoreClock(timing, onStep);
  const known: Known = { timing, clock, ends: null, answeredAtMs: -Infinity };
  return {
    async refresh() {
      await Promise.all([askLog(known, log), askStore(known, store)]);
    },
    askStore: () => askStore(known, store),
    pageTimeMs(partition) {
      const { pageTimeMs } = partition;
      if (pageTimeMs !== null && isTooFarAhead(known, pageTimeMs)) return clock.nowMs();
      const sought = soughtMs(known, partition);
      return sought === null ? pageTimeMs : Math.max(sought, pageTimeMs ?? sought);
    },
    isInDoubt: (pageTimeMs) => isInDoubt(known, pageTimeMs),
    isTooFarAhead: (timeMs) => isTooFarAhead(known, timeMs),
    lag: (partition, position) => Math.max(0, (known.ends?.endOf[partition] ?? position) - position),
    storeNowMs: () => (isFresh(known, known.answeredAtMs) ? clock.nowMs() : null),
    followedMs: () => clock.nowMs(),
    stepMs: () => clock.stepMs(),
  };
}

async function askLog(known: Known, log: EventLog): Promise<void> {
  const bounds = await log.bounds('lifecycle');
  if (bounds.kind !== 'bounds') return;
  known.ends = { askedAtMs: bounds.askedAtMs, endOf: bounds.partitions.map(({ end }) => end) };
}

async function askStore(known: Known, store: StateStore): ReturnType<PageClock['askStore']> {
  const { timing, clock } = known;
  const askedAtMs = timing.now();
  const time = await store.clock();
  if (time.kind === 'unavailable') return time;
  known.answeredAtMs = timing.now();
  clock.observe(time.nowMs, askedAtMs);
  const nowMs = clock.nowMs();
  if (nowMs === null) return { kind: 'unavailable', detail: 'its clock was answered too late to be told' };
  return { kind: 'clock', nowMs };
}

/** What page time would be if clocks were never wrong. */
function soughtMs(known: Known, { number, positions, lastLogTimeMs, pageTimeMs }: PageTimed): number | null {
  const { ends, answeredAtMs } = known;
  const end = ends?.endOf[number] ?? Infinity;
  const nothingUnread = ends !== null && isFresh(known, ends.askedAtMs) && positions.lifecycle >= end;
  const nowMs = nowFor(known, pageTimeMs);
  if (nothingUnread && isFresh(known, answeredAtMs)) return nowMs;
  if (lastLogTimeMs === null || nowMs === null) return lastLogTimeMs;
  return lastLogTimeMs - nowMs > FUTURE_MS ? nowMs : lastLogTimeMs;
}

/**
 * A page time that agrees with a clock that has stepped back stays with it: it must not be moved to where
 * the clock was wrong.
 */
function nowFor(known: Known, pageTimeMs: number | null): number | null {
  const [latestMs, followedMs] = [known.clock.latestMs(), known.clock.nowMs()];
  if (latestMs === null || followedMs === null || isInDoubt(known, pageTimeMs)) return followedMs;
  return Math.min(latestMs, followedMs);
}

function isInDoubt({ clock }: Known, pageTimeMs: number | null): boolean {
  const [latestMs, followedMs] = [clock.latestMs() ?? Infinity, clock.nowMs() ?? Infinity];
  return latestMs < followedMs && pageTimeMs !== null && pageTimeMs - latestMs > FUTURE_MS;
}

function isTooFarAhead({ clock }: Known, timeMs: number): boolean {
  return timeMs - (clock.nowMs() ?? Infinity) > FUTURE_MS;
}

function isFresh({ timing }: Known, atMs: number): boolean {
  return timing.now() - atMs < FRESH_MS;
}
