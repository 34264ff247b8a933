import type { LedgerSettings } from '../fold/ledger';
import type { Bounds, EventLog, OwnedTopic, Positions } from '../log/port';
import { closeBatch } from '../partition/commit';
import type { CommitContent } from '../partition/commit';
import { openPartition } from '../partition/partition';
import type { Partition } from '../partition/partition';
import type { Acquired, Head } from '../store/port';
import { foldTo, telemetryStart } from './read';
import type { OnFolded } from './read';

/**
 * How many records are folded between two rounds of settling: it bounds memory, and no figure depends on it.
 */
export const BATCH_RECORDS = 5000;

const NOTHING: Acquired = {
  kind: 'acquired',
  generation: '',
  epoch: 0,
  counter: 0,
  head: null,
  behind: false,
};

/** The positions of a head on the log: a log that was recreated may end before them. */
export function targetOf(head: Head, bounds: Readonly<Record<OwnedTopic, Bounds>>): Positions {
  return {
    lifecycle: Math.min(head.positions.lifecycle, bounds.lifecycle.end),
    telemetry: Math.min(head.positions.telemetry, bounds.telemetry.end),
  };
}

/** Page time while a partition is rebuilt: log time, but never past the page time to end at. */
export function pageTimeOf({ pageTimeMs, lastLogTimeMs }: Partition, endMs: number): number {
  return Math.max(pageTimeMs ?? 0, Math.min(lastLogTimeMs ?? 0, endMs));
}

/** As closeBatch(), but holds nothing, since what is being rebuilt has been shown to nobody. */
export function closeUnshown(partition: Partition, pageTimeMs: number): CommitContent {
  partition.shownMs = null;
  return closeBatch(partition, pageTimeMs);
}

export interface Recomputing {
  readonly log: EventLog;
  readonly settings: LedgerSettings;
  /** Of the partition. */
  readonly bounds: Readonly<Record<OwnedTopic, Bounds>>;
  readonly onFolded: OnFolded;
}

/** A partition folded from the log's beginning to these positions and this page time, in memory. */
export async function recompute(
  { log, settings, bounds, onFolded }: Recomputing,
  number: number,
  { to, endMs }: { readonly to: Positions; readonly endMs: number },
): Promise<Partition> {
  const partition = openPartition(number, NOTHING, null, settings);
  const start = await telemetryStart(log, number, bounds.telemetry, endMs, settings.sampleTtlMs);
  partition.positions.telemetry = Math.min(start, to.telemetry);
  let folded = 0;
  await foldTo(log, partition, to, async (records) => {
    folded += records;
    if (folded >= BATCH_RECORDS) {
      closeUnshown(partition, pageTimeOf(partition, endMs));
      folded = 0;
    }
    await onFolded(records);
  });
  closeUnshown(partition, endMs);
  return partition;
}
