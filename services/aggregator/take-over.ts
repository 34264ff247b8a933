import { randomUUID } from 'node:crypto';
import type { LedgerSettings } from '../fold/ledger';
import { LogReadError } from '../log/port';
import type { Bounds, EventLog } from '../log/port';
import { decodeFoldHead, foldMismatch } from '../view/fold-head';
import type { RecordMark } from '../view/fold-head';
import { isMarked } from '../partition/record-mark';
import { behindFrom, loadPartition, openPartition } from '../partition/partition';
import type { Partition } from '../partition/partition';
import type { Logger } from '../process/logger';
import { StoreReadError } from '../store/port';
import type { Acquired, StateStore } from '../store/port';
import type { Alarm } from './alarm';
import type { PageClock } from './page-clock';

export interface TakeOverOptions {
  readonly log: EventLog;
  readonly store: StateStore;
  readonly clock: Pick<PageClock, 'askStore'>;
  readonly settings: LedgerSettings;
  readonly logger: Logger;
  readonly alarm: Alarm;
}

/**
 * Raises a partition's epoch, compares its state with the log, and loads it. Returns a text that says why if
 * that is not possible now, or if the state can't be continued (it was folded differently, or from another
 * log).
 */
export async function takeOver(
  number: number,
  { log, store, clock, settings, logger, alarm }: TakeOverOptions,
): Promise<Partition | string> {
  const waits = (what: string, detail: string): string => {
    logger.warn({ partition: number, detail }, `${what}: the partition waits`);
    return `${what}: ${detail}`;
  };
  const alarming = (what: string): string => {
    alarm.raise(number, what);
    return what;
  };
  const acquired = await store.acquire(number);
  if (acquired.kind === 'unavailable') return waits('the store is away', acquired.detail);
  const head = acquired.head === null ? undefined : decodeFoldHead(acquired.head.fold);
  const mismatch = head && foldMismatch(head, settings);
  if (mismatch !== undefined) {
    return alarming(`the stored state can't be continued: ${mismatch}`);
  }
  const bounds = await log.bounds('lifecycle');
  if (bounds.kind === 'unavailable') return waits('the log is away', bounds.detail);
  const { start, end } = bounds.partitions[number] ?? { start: 0, end: 0 };
  try {
    const diverged = await divergence(number, log, acquired, head?.marks.lifecycle, { start, end });
    if (diverged !== undefined) {
      await markDiverged(number, store, acquired, diverged);
      return alarming(`the log is not the one that was folded: ${diverged}`);
    }
    const time = await clock.askStore();
    if (time.kind === 'unavailable') return waits('the store is away', time.detail);
    const behindTo = acquired.behind ? behindFrom(acquired.head, end, time.nowMs) : null;
    const partition = openPartition(number, acquired, behindTo, settings);
    partition.marks = withoutAlarm(partition.marks);
    await loadPartition(partition, store);
    alarm.end(number);
    return partition;
  } catch (error) {
    if (error instanceof StoreReadError || error instanceof LogReadError)
      return waits('no state', error.message);
    throw error;
  }
}

function withoutAlarm({ diverged: _, ...marks }: Partition['marks']): Partition['marks'] {
  return marks;
}

/**
 * Whether the log is still the one that the state was folded from; undefined: it is. It is not if a topic was
 * recreated, truncated at its start, or lost its end in an unclean election: folding on from there would make
 * figures that no replay gives.
 */
async function divergence(
  number: number,
  log: EventLog,
  { head }: Acquired,
  mark: RecordMark | undefined,
  { start, end }: Bounds,
): Promise<string | undefined> {
  if (head === null)
    return start === 0 ? undefined : `the lifecycle log begins at ${String(start)}: its history is lost`;
  const position = head.positions.lifecycle;
  if (position > end)
    return `the lifecycle log ends at ${String(end)}, and was folded to ${String(position)}`;
  if (position < start)
    return `the lifecycle log begins at ${String(start)}, and was folded to ${String(position)}`;
  if (mark === undefined) return undefined;
  for await (const [record] of log.read('lifecycle', number, mark.offset, mark.offset + 1)) {
    if (record !== undefined && isMarked(record, mark)) return undefined;
  }
  return `the record at ${String(mark.offset)} is not the one that was folded`;
}

/**
 * Notes it in the store, so that no replica shows the state. The partition is retried, since a broker may
 * come back with the right log.
 */
async function markDiverged(
  number: number,
  store: StateStore,
  { generation, epoch, counter, head, behind }: Acquired,
  diverged: string,
): Promise<void> {
  if (head === null) return;
  const fold = decodeFoldHead(head.fold);
  const marked = { ...fold, marks: { ...fold.marks, diverged } };
  await store.commit({
    generation,
    partition: number,
    epoch,
    fromCounter: counter,
    batchId: randomUUID(),
    head: { ...head, fold: JSON.stringify(marked) },
    changes: [],
    behind,
  });
}
