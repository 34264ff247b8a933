import { figuresOf } from '../catalogue/figures';
import { drain } from '../fold/ledger';
import type { Touched } from '../fold/ledger';
import { compactTouched, expireSamples } from '../fold/release';
import type { Change, Commit } from '../store/port';
import { ENTITY, HOLD, SETTLED, TOTAL, entryChange, touchedEntries } from '../view/entries';
import type { EntryChange } from '../view/entries';
import { encodeFoldHead } from '../view/fold-head';
import type { Hold } from '../view/hold';
import { absorb, syncView } from '../view/sync';
import type { PartitionView } from '../view/view';
import { isBehind, isBehindAt } from './partition';
import type { Partition } from './partition';
import { holdsAfter, shownBefore } from './shortfall';
import type { Edit } from './shortfall';

/** What a commit writes about a partition; the committer adds who commits it, and on top of which version. */
export type CommitContent = Pick<Commit, 'head' | 'changes' | 'behind'>;

/**
 * Closes a batch: everything that has changed since the last one, as of a new page time. What would fall is
 * held. The partition is ahead of the store until the commit is applied; if it can't be, forget the
 * partition.
 */
export function closeBatch(partition: Partition, pageTimeMs: number): CommitContent {
  const { ledger, view, behindTo } = partition;
  expireSamples(ledger, pageTimeMs);
  const isCaughtUp = behindTo !== null && !isBehindAt(partition, pageTimeMs);
  // Under a wrong clock, everything on the log by now may have been shown as of a moment that is still to
  // come.
  if (isCaughtUp && behindTo.latestMs > pageTimeMs) advance(partition, behindTo.latestMs, view.holds);
  advance(partition, pageTimeMs, view.holds);
  view.pageTimeMs = pageTimeMs;
  const behind = isBehind(partition);
  // For good: page time may go back below it.
  if (!behind) partition.behindTo = null;
  const fold = encodeFoldHead(ledger, partition.marks);
  const head = { positions: { ...partition.positions }, pageTimeMs, fold };
  return { head, changes: handOut(partition), behind };
}

/**
 * How far page time may have been past the log time of a record that had not been read: it follows the clock
 * only while a fetch begun less than a second ago found nothing, and the clocks of brokers and store differ a
 * little.
 */
const SHOWN_PAST_MS = 2000;
const NO_HOLDS: ReadonlyMap<string, Hold> = new Map();

/**
 * After a rewind of the store nothing tells what was shown. But it can't have been more than the state before
 * each record, as of that record's log time plus a margin, nor can it have been as of a moment after the
 * takeover. So the state so far is held as if it had been shown as of then.
 */
export function showAsBefore(partition: Partition, nextLogMs: number): void {
  const { latestMs, timeMs } = partition.behindTo ?? { latestMs: Infinity, timeMs: Infinity };
  const logTimeMs = Math.min(partition.lastLogTimeMs ?? 0, latestMs);
  // Holds on figures that don't fall can wait for the commit: until then the figures only catch up with them.
  advance(partition, Math.max(partition.pageTimeMs ?? 0, logTimeMs), NO_HOLDS);
  // Under a wrong clock each state may have been shown as of any moment of that clock, whatever the next
  // record's log time is.
  const reachMs = latestMs > timeMs ? latestMs : Math.min(nextLogMs + SHOWN_PAST_MS, latestMs);
  partition.shownMs = Math.max(partition.shownMs ?? 0, reachMs);
}

/**
 * Holds what was shown, by series key, wherever the ledger is below it, and drops all other holds. It is part
 * of the next batch.
 */
export function holdAs(partition: Partition, shown: ReadonlyMap<string, Hold>): void {
  const { view, pageTimeMs } = partition;
  const holds = holdsAfter(view, shown, pageTimeMs ?? 0);
  for (const key of view.holds.keys()) if (!shown.has(key)) holds.set(key, null);
  putHolds(partition, holds);
}

/**
 * Brings the ledger's changes over to the view, as of a new page time, and holds what would fall.
 * @param lookedAt holds that are checked in any case, since the ledger may have passed them by now
 */
function advance(partition: Partition, pageTimeMs: number, lookedAt: ReadonlyMap<string, Hold>): void {
  const { ledger, view, shownMs } = partition;
  if (partition.pageTimeMs !== null) compactTouched(ledger, Math.min(partition.pageTimeMs, pageTimeMs));
  // While it is behind, nothing is shown until it is as of a moment no earlier than what was shown.
  const isHidden = isBehindAt(partition, pageTimeMs);
  const showsMs = isHidden ? Math.max(pageTimeMs, shownMs ?? pageTimeMs) : pageTimeMs;
  const edits = editsOf(partition, showsMs);
  const shown = shownMs === null ? undefined : shownBefore(view, lookedAt, edits, shownMs, showsMs);
  syncView(view, ledger);
  const totals = absorb(view, ledger, pageTimeMs);
  const holds = shown === undefined ? new Map<string, null>() : holdsAfter(view, shown, showsMs);
  partition.pageTimeMs = pageTimeMs;
  partition.shownMs = showsMs;
  for (const change of touchedEntries(ledger, drain(ledger))) addPending(partition, change);
  for (const [key, total] of totals)
    addPending(
      partition,
      entryChange(TOTAL, key, () => total),
    );
  putHolds(partition, holds);
}

/** The entities that may look different from before. */
function editsOf({ ledger, view, shownMs }: Partition, showsMs: number): Edit[] {
  // If page time goes back, everything that grows with it would fall, touched or not.
  const goesBack = shownMs !== null && showsMs < shownMs;
  const touched = touchedKeys(ledger.touched);
  return Array.from(goesBack ? withAllShown(view, touched) : touched, (key) => {
    const before = view.entities.get(key);
    const after = key.startsWith(ENTITY.prefix)
      ? ledger.entities.get(key.slice(ENTITY.prefix.length))
      : ledger.settled.get(key.slice(SETTLED.prefix.length));
    return { key, before: before && figuresOf(before), after: after && figuresOf(after) };
  });
}

/** Entry keys of the entities that were touched. */
function touchedKeys({ entities, settled }: Touched): string[] {
  return [
    ...Array.from(entities.keys(), (key) => ENTITY.prefix + key),
    ...Array.from(settled, (number) => SETTLED.prefix + number),
  ];
}

function withAllShown({ entities }: PartitionView, keys: readonly string[]): Set<string> {
  return new Set([...entities.keys(), ...keys]);
}

/** Sets holds, or drops them (null), as part of the next batch. */
function putHolds(partition: Partition, holds: ReadonlyMap<string, Hold | null>): void {
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

function handOut({ pending }: Partition): Change[] {
  const changes = Array.from(pending.values(), ({ space, key, text }) => ({ space, key, value: text() }));
  pending.clear();
  return changes;
}
