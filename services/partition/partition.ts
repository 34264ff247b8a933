import { FUTURE_MS } from '../../events/time';
import { emptyLedger, scheduleAll } from '../fold/ledger';
import type { Ledger, LedgerSettings } from '../fold/ledger';
import type { Acquired, Head, StateStore } from '../store/port';
import { loadEntries } from '../view/entries';
import type { EntryChange } from '../view/entries';
import { decodeFoldHead } from '../view/fold-head';
import type { LogMarks } from '../view/fold-head';
import { openView } from '../view/sync';
import type { PartitionView } from '../view/view';

/**
 * An owner's state of a partition: the ledger, the view that pages are made from, and how far both have come.
 */
export interface Partition {
  readonly number: number;
  readonly generation: string;
  readonly epoch: number;
  counter: number;
  /** null: nothing has been committed yet, so nothing was shown. */
  pageTimeMs: number | null;
  positions: { lifecycle: number; telemetry: number };
  readonly ledger: Ledger;
  readonly view: PartitionView;
  /** Log time of the last lifecycle record read, for page time while there is more to read. */
  lastLogTimeMs: number | null;
  /** null: the partition has caught up with what may have been shown. */
  behindTo: BehindTo | null;
  /** The latest page time as of which the view's state may have been shown; null: it never was. */
  shownMs: number | null;
  /** What has changed since the last batch, by space and key. */
  readonly pending: Map<string, EntryChange>;
  /** What the next commit says about the log. */
  marks: LogMarks;
}

/**
 * How far pages may have been shown that the state doesn't tell of, since the store may have been rewound:
 * not beyond what the lifecycle log contained at the takeover.
 */
export interface BehindTo {
  readonly position: number;
  /** The page time that must be reached before pages are shown again: the store's clock at the takeover. */
  readonly timeMs: number;
  /** Nothing was shown as of a later moment. */
  readonly latestMs: number;
}

/** Pages made under a wrong clock: those of the last so many ms may be lost with a rewind. */
const LOST_MS = 600_000;

/** @param end of the lifecycle log at the takeover */
export function behindFrom(head: Head | null, end: number, clockMs: number): BehindTo {
  const pageTimeMs = head?.pageTimeMs ?? 0;
  const latestMs = pageTimeMs - clockMs > FUTURE_MS ? pageTimeMs + LOST_MS : clockMs;
  return { position: end, timeMs: clockMs, latestMs };
}

export function openPartition(
  number: number,
  acquired: Acquired,
  behindTo: BehindTo | null,
  settings: LedgerSettings,
): Partition {
  const ledger = emptyLedger(settings);
  const { head } = acquired;
  const fold = head === null ? undefined : decodeFoldHead(head.fold);
  if (fold !== undefined) Object.assign(ledger.scalars, fold.scalars);
  return {
    number,
    generation: acquired.generation,
    epoch: acquired.epoch,
    counter: acquired.counter,
    pageTimeMs: head?.pageTimeMs ?? null,
    positions: head === null ? { lifecycle: 0, telemetry: 0 } : { ...head.positions },
    ledger,
    view: openView(ledger),
    lastLogTimeMs: ledger.scalars.logTimeMs,
    behindTo,
    shownMs: head?.pageTimeMs ?? null,
    pending: new Map(),
    marks: fold === undefined ? {} : fold.marks,
  };
}

export function isBehind(partition: Partition): boolean {
  return isBehindAt(partition, partition.pageTimeMs ?? 0);
}

/** As isBehind(), if page time were this. */
export function isBehindAt({ positions, behindTo }: Partition, pageTimeMs: number): boolean {
  if (behindTo === null) return false;
  return positions.lifecycle < behindTo.position || pageTimeMs < behindTo.timeMs;
}

/**
 * If the clock was wrong at the takeover and has been set right since, page time would not reach the earlier
 * clock for long: reaching the present clock is enough.
 */
export function followClock(partition: Partition, clockMs: number): void {
  const { behindTo } = partition;
  if (behindTo === null || behindTo.timeMs - clockMs <= FUTURE_MS) return;
  partition.behindTo = { ...behindTo, timeMs: clockMs };
}

/**
 * Loads everything that a store has of a partition that was acquired. Throws StoreReadError if the store is
 * away.
 */
export async function loadPartition(
  { number, generation, ledger, view }: Partition,
  store: Pick<StateStore, 'load'>,
): Promise<void> {
  for (const space of ['shown', 'kept'] as const) {
    for await (const entries of store.load(number, space, generation))
      loadEntries(ledger, view, space, entries);
  }
  scheduleAll(ledger);
}
