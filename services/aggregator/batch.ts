import type { AppendRecord, LogRecord, OwnedTopic } from '../log/port';
import { takeRecord } from '../partition/intake';
import { markOf } from '../partition/record-mark';
import type { Partition } from '../partition/partition';
import type { ProcessMetrics } from '../process/metrics';
import type { PageClock } from './page-clock';

/** What the log delivers of one topic and partition: see PartitionOwner. */
export interface Batch {
  readonly topic: OwnedTopic;
  readonly records: readonly LogRecord[];
  readonly next: number;
}

/** How many of the records may be folded now, from the first on. */
export function countFoldable(
  partition: Partition,
  clock: PageClock,
  { topic, records }: Batch,
  sampleTtlMs: number,
): number {
  if (topic === 'telemetry') return countReadable(partition, clock, records, sampleTtlMs);
  // What starts now would be charged up to a page time that is about to go back.
  return clock.isInDoubt(partition.pageTimeMs) ? 0 : records.length;
}

/**
 * Telemetry is read no further ahead of page time than a sample lives: later ones would push out those that
 * are still shown. A sample that was appended under a wrong clock is not waited for.
 */
function countReadable(
  partition: Partition,
  clock: PageClock,
  records: readonly LogRecord[],
  sampleTtlMs: number,
): number {
  const limitMs = (partition.pageTimeMs ?? partition.lastLogTimeMs ?? Infinity) + sampleTtlMs;
  const tooFar = records.findIndex(
    ({ appendTimeMs }) => appendTimeMs > limitMs && !clock.isTooFarAhead(appendTimeMs),
  );
  return tooFar === -1 ? records.length : tooFar;
}

/** What folding a batch leaves to do. */
export interface Folded {
  /** Must be durable on the log before the position passes the records. */
  readonly forward: readonly AppendRecord[];
  /** Of the events that were taken, their own. */
  readonly timesMs: readonly number[];
}

/** Folds the first `count` records. */
export function foldBatch(
  partition: Partition,
  { topic, records, next }: Batch,
  count: number,
  partitions: number,
  metrics: ProcessMetrics,
): Folded {
  const forward: AppendRecord[] = [];
  const timesMs: number[] = [];
  const now = records.slice(0, count);
  for (const record of now) {
    const { outcome, timeMs, forward: copy } = takeRecord(partition, topic, record, partitions);
    if (copy !== undefined) forward.push(copy);
    if (timeMs !== undefined) timesMs.push(timeMs);
    if (outcome === 'misrouted') metrics.misrouted.inc();
    else if (outcome !== 'taken') metrics.deadLetters.inc({ reason: outcome });
  }
  metrics.recordsFolded.inc({ topic }, count);
  // Offsets without a record (control records, compaction) may follow; without them the log's end would never
  // be reached.
  if (count === records.length) partition.positions[topic] = next;
  if (count > 0) partition.marks = { ...partition.marks, [topic]: markOf(now.at(-1)) };
  return { forward, timesMs };
}
