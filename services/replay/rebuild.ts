import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { LedgerSettings } from '../fold/ledger';
import type { Positions } from '../log/port';
import { decodeFoldHead, foldMismatch } from '../view/fold-head';
import { loadPartition, openPartition } from '../partition/partition';
import type { Partition } from '../partition/partition';
import type { Commit, CommitResult, StateStore } from '../store/port';
import { foldTo, telemetryStart } from './read';
import { BATCH_RECORDS, closeUnshown, pageTimeOf } from './recompute';
import type { Recomputing } from './recompute';
import { ReplayStopped, answered } from './stopped';

/** How long to wait for a store that does not answer. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 200;

/**
 * Takes over what exists of a generation's partition. Returns a text that says why if it can't be continued.
 */
export async function openRebuilt(
  store: StateStore,
  number: number,
  settings: LedgerSettings,
): Promise<Partition | string> {
  const acquired = answered(await store.acquire(number));
  const { head } = acquired;
  const mismatch = head === null ? undefined : foldMismatch(decodeFoldHead(head.fold), settings);
  if (mismatch !== undefined) return mismatch;
  const partition = openPartition(number, acquired, null, settings);
  await loadPartition(partition, store);
  return partition;
}

/**
 * Folds a partition on to exactly these positions and this page time, and commits as it goes, so that it can
 * be continued another time.
 */
export async function rebuildTo(
  { log, settings, bounds, onFolded }: Recomputing,
  store: StateStore,
  partition: Partition,
  { to, endMs }: { readonly to: Positions; readonly endMs: number },
): Promise<void> {
  const { number, positions } = partition;
  const start = await telemetryStart(log, number, bounds.telemetry, endMs, settings.sampleTtlMs);
  positions.telemetry = Math.max(positions.telemetry, Math.min(start, to.telemetry));
  let folded = 0;
  await foldTo(log, partition, to, async (records) => {
    folded += records;
    if (folded >= BATCH_RECORDS) {
      await commitRebuilt(store, partition, pageTimeOf(partition, endMs));
      folded = 0;
    }
    await onFolded(records);
  });
  await commitRebuilt(store, partition, endMs);
}

/** Commits what has changed, as of a page time. Only holdAs() holds anything. */
export async function commitRebuilt(
  store: StateStore,
  partition: Partition,
  pageTimeMs: number,
): Promise<void> {
  const { number, generation, epoch, counter } = partition;
  const result = await commitPatiently(store, {
    generation,
    partition: number,
    epoch,
    fromCounter: counter,
    batchId: randomUUID(),
    ...closeUnshown(partition, pageTimeMs),
  });
  if (result.kind === 'unavailable') throw new ReplayStopped('away', result.detail);
  if (result.kind === 'stale') {
    throw new ReplayStopped(
      'away',
      `partition ${String(number)} of the new generation was taken over by another replay, or the store was restarted: give the same command again, it continues from where it was`,
    );
  }
  partition.counter++;
}

async function commitPatiently(store: StateStore, commit: Commit): Promise<CommitResult> {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const result = await store.commit(commit);
    if (result.kind !== 'unavailable' || waitedMs >= PATIENCE_MS) return result;
    await delay(RETRY_MS);
  }
}
