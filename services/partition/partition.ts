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
  readonly behindTo: BehindTo | null;
  /** The latest page time that what is brought over to the view may have been shown as of; null: it never was. */
  shownMs: number | null;
  /** What has changed and was not handed out yet, by space and key. */
  readonly pending: Map<string, EntryChange>;
  /** What the next commit says of the log. */
  marks: LogMarks;
}

/**
 * How far pages may have been shown that no state tells of, since the store may have been rewound: not beyond what the lifecycle log
 * had at the takeover, nor as of a later moment than it then was on the store's clock. null: it was not rewound.
 */
export interface BehindTo {
  readonly position: number;
  readonly timeMs: number;
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

export function isBehind({ positions, pageTimeMs, behindTo }: Partition): boolean {
  if (behindTo === null) return false;
  return positions.lifecycle < behindTo.position || (pageTimeMs ?? 0) < behindTo.timeMs;
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
  return { head, changes, behind: isBehind(partition) };
}

/** Brings the ledger's changes over to what is shown, as of a new page time, and holds what would fall. */
function advancePage(partition: Partition, pageTimeMs: number): void {
  expireSamples(partition.ledger, pageTimeMs);
  bringOver(partition, pageTimeMs, partition.view.holds);
}

/** `held`: the holds that are looked at in any case, since the ledger may be past them now. */
function bringOver(partition: Partition, pageTimeMs: number, held: ReadonlyMap<string, Hold>): void {
  const { ledger, view, shownMs } = partition;
  if (partition.pageTimeMs !== null) compactTouched(ledger, partition.pageTimeMs);
  const touched = ledger.touched;
  const edits = editsOf(partition, touched);
  // While it is behind, nothing is shown before it is as of the moment that was shown, or later.
  const showsMs = Math.max(pageTimeMs, shownMs ?? pageTimeMs);
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
  const pageTimeMs = Math.max(partition.pageTimeMs ?? 0, partition.lastLogTimeMs ?? 0);
  // Holds of what does not fall can wait for the commit: until then they are only more and more outgrown.
  bringOver(partition, pageTimeMs, NO_HOLDS);
  const latestMs = partition.behindTo?.timeMs ?? Infinity;
  partition.shownMs = Math.max(partition.shownMs ?? 0, Math.min(nextLogMs + SHOWN_PAST_MS, latestMs));
}

function editsOf({ ledger, view }: Partition, touched: Touched): Edit[] {
  const edits: Edit[] = [];
  for (const key of touched.entities.keys())
    edits.push(editOf(view, ENTITY.prefix + key, ledger.entities.get(key)));
  for (const key of touched.gone) edits.push(editOf(view, SETTLED.prefix + key, ledger.gone.get(key)));
  return edits;
}

function editOf(view: PartitionView, key: string, after: Parameters<typeof figuresOf>[0] | undefined): Edit {
  const before = view.entities.get(key);
  return { key, before: before && figuresOf(before), after: after && figuresOf(after) };
}
