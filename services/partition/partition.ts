import { FUTURE_MS } from '../../events/time';
import { figuresOf } from '../catalogue/figures';
import { compactTouched, emptyLedger, emptyTouched, expireSamples, scheduleAll } from '../fold/ledger';
import type { Ledger, LedgerSettings, Touched } from '../fold/ledger';
import { decodeFoldHead, encodeFoldHead } from '../view/fold-head';
import type { LogMarks } from '../view/fold-head';
import type { Hold } from '../view/hold';
import { ENTITY, HOLD, SETTLED, TOTAL, entryChange, loadEntries, touchedEntries } from '../view/entries';
import type { EntryChange } from '../view/entries';
import type { PartitionView } from '../view/view';
import { absorb, openView, syncView } from '../view/sync';
import type { Acquired, Change, Head, StateStore } from '../store/port';
import { holdsAfter, shownBefore } from './shortfall';
import type { Edit } from './shortfall';

/** What an owner holds of its partition: the ledger, the view that pages show of it, and where both stand. */
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
  /** null: what may have been shown is shown again. */
  behindTo: BehindTo | null;
  /** The latest page time that what is brought over to the view may have been shown as of; null: it never was. */
  shownMs: number | null;
  /** What has changed and was not handed out yet, by space and key. */
  readonly pending: Map<string, EntryChange>;
  /** What the next commit says of the log. */
  marks: LogMarks;
}

/**
 * How far pages may have been shown that no state tells of, since the store may have been rewound: not beyond what the lifecycle log
 * had at the takeover.
 */
export interface BehindTo {
  readonly position: number;
  /** Where page time must get to before pages are shown again: the store's clock at the takeover. */
  readonly timeMs: number;
  /** Nothing was shown as of a later moment. */
  readonly latestMs: number;
}

/** Of pages that a clock that was wrong has made, the last so long may be lost with a rewind. */
const LOST_MS = 600_000;

/** @param end of the lifecycle log at the takeover, with the store's clock */
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

function isBehindAt({ positions, behindTo }: Partition, pageTimeMs: number): boolean {
  if (behindTo === null) return false;
  return positions.lifecycle < behindTo.position || pageTimeMs < behindTo.timeMs;
}

/**
 * Where the clock of the takeover was wrong and has been set right since, page time would not be where it was then for long: it is
 * enough to reach the clock of now.
 */
export function followClock(partition: Partition, clockMs: number): void {
  const { behindTo } = partition;
  if (behindTo === null || behindTo.timeMs - clockMs <= FUTURE_MS) return;
  partition.behindTo = { ...behindTo, timeMs: clockMs };
}

/** Takes in all that a store has of a partition that was acquired. Throws StoreReadError where the store is away. */
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

export interface Batch {
  readonly head: Head;
  readonly changes: readonly Change[];
  readonly behind: boolean;
}

/**
 * All that has changed since the last batch, as of a new page time: what a commit writes. The partition is ahead of the store
 * until that commit is applied; if it can't be, forget the partition.
 */
export function closeBatch(partition: Partition, pageTimeMs: number): Batch {
  advancePage(partition, pageTimeMs);
  const changes = Array.from(partition.pending.values(), ({ space, key, text }): Change => {
    return { space, key, value: text() };
  });
  partition.pending.clear();
  const fold = encodeFoldHead(partition.ledger, partition.marks);
  const head = { positions: { ...partition.positions }, pageTimeMs, fold };
  const behind = isBehind(partition);
  // For good: page time may go back below it.
  if (!behind) partition.behindTo = null;
  return { head, changes, behind };
}

/** Brings the ledger's changes over to what is shown, as of a new page time, and holds what would fall. */
function advancePage(partition: Partition, pageTimeMs: number): void {
  const { ledger, view, behindTo } = partition;
  expireSamples(ledger, pageTimeMs);
  const isCaughtUp = behindTo !== null && !isBehindAt(partition, pageTimeMs);
  // A wrong clock may have shown all that is on the log by now as of a moment that is still to come.
  if (isCaughtUp && behindTo.latestMs > pageTimeMs) bringOver(partition, behindTo.latestMs, view.holds);
  bringOver(partition, pageTimeMs, view.holds);
}

/** `held`: the holds that are looked at in any case, since the ledger may be past them now. */
function bringOver(partition: Partition, pageTimeMs: number, held: ReadonlyMap<string, Hold>): void {
  const { ledger, view, shownMs } = partition;
  if (partition.pageTimeMs !== null) compactTouched(ledger, Math.min(partition.pageTimeMs, pageTimeMs));
  const touched = ledger.touched;
  // While it is behind, nothing is shown before it is as of the moment that was shown, or later.
  const isHidden = isBehindAt(partition, pageTimeMs);
  const showsMs = isHidden ? Math.max(pageTimeMs, shownMs ?? pageTimeMs) : pageTimeMs;
  // Where page time goes back, all that grows with it would fall, touched or not.
  const goesBack = shownMs !== null && showsMs < shownMs;
  const edits = editsOf(partition, goesBack ? keysOf(view, touched) : keysOfTouched(touched));
  const shown = shownMs === null ? undefined : shownBefore(view, held, edits, shownMs, showsMs);
  syncView(view, ledger, touched);
  const totals = absorb(view, ledger, pageTimeMs);
  const holds = shown === undefined ? new Map<string, null>() : holdsAfter(view, shown, showsMs);
  ledger.touched = emptyTouched();
  partition.pageTimeMs = pageTimeMs;
  partition.shownMs = showsMs;
  for (const change of touchedEntries(ledger, touched)) addPending(partition, change);
  for (const [key, total] of totals)
    addPending(
      partition,
      entryChange(TOTAL, key, () => total),
    );
  putHolds(partition, holds);
}

/** Sets holds, or drops them (null), as part of the next batch. */
export function putHolds(partition: Partition, holds: ReadonlyMap<string, Hold | null>): void {
  for (const [key, hold] of holds) {
    if (hold === null) partition.view.holds.delete(key);
    else partition.view.holds.set(key, hold);
    addPending(
      partition,
      entryChange(HOLD, key, () => hold ?? undefined),
    );
  }
}

function addPending({ pending }: Partition, change: EntryChange): void {
  pending.set(`${change.space} ${change.key}`, change);
}

/**
 * How far page time may have been past the log time of a record that was not read yet: it follows the clock only while a fetch begun
 * less than a second ago found nothing, and the brokers' clocks and the store's differ a little.
 */
const SHOWN_PAST_MS = 2000;
const NO_HOLDS: ReadonlyMap<string, Hold> = new Map();

/**
 * After a rewind of the store nothing tells what was shown, but it can't have been more than the state before each record as of
 * that record's log time and a margin, nor as of a moment after the takeover: what was taken in so far is shown as of then, in
 * thought, and held.
 */
export function showAsBefore(partition: Partition, nextLogMs: number): void {
  const { latestMs, timeMs } = partition.behindTo ?? { latestMs: Infinity, timeMs: Infinity };
  const logTimeMs = Math.min(partition.lastLogTimeMs ?? 0, latestMs);
  // Holds of what does not fall can wait for the commit: until then they are only more and more outgrown.
  bringOver(partition, Math.max(partition.pageTimeMs ?? 0, logTimeMs), NO_HOLDS);
  // Under a clock that was wrong each state may have been shown as of any moment of that clock's, whatever log time the next record has.
  const reachMs = latestMs > timeMs ? latestMs : Math.min(nextLogMs + SHOWN_PAST_MS, latestMs);
  partition.shownMs = Math.max(partition.shownMs ?? 0, reachMs);
}

/** Entry keys of the entities that were touched. */
function keysOfTouched({ entities, gone }: Touched): string[] {
  return [
    ...Array.from(entities.keys(), (key) => ENTITY.prefix + key),
    ...Array.from(gone, (key) => SETTLED.prefix + key),
  ];
}

/** Of those, and of all that are shown. */
function keysOf({ entities }: PartitionView, touched: Touched): Set<string> {
  return new Set([...entities.keys(), ...keysOfTouched(touched)]);
}

function editsOf({ ledger, view }: Partition, keys: Iterable<string>): Edit[] {
  return Array.from(keys, (key) => {
    const before = view.entities.get(key);
    const after = key.startsWith(ENTITY.prefix)
      ? ledger.entities.get(key.slice(ENTITY.prefix.length))
      : ledger.gone.get(key.slice(SETTLED.prefix.length));
    return { key, before: before && figuresOf(before), after: after && figuresOf(after) };
  });
}
