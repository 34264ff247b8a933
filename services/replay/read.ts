import { FUTURE_MS } from '../../events/time';
import { LogReadError } from '../log/port';
import type { Bounds, EventLog, LogRecord, OwnedTopic, Positions } from '../log/port';
import { takeRecord } from '../partition/intake';
import { markOf } from '../partition/record-mark';
import type { Partition } from '../partition/partition';
import { ReplayStopped, answered } from './stopped';

/** Called after each chunk of records that was folded. */
export type OnFolded = (records: number) => Promise<void> | void;

/** Where both topics of each partition start and end. */
export async function boundsOf(log: EventLog): Promise<readonly Readonly<Record<OwnedTopic, Bounds>>[]> {
  const lifecycle = answered(await log.bounds('lifecycle'));
  const telemetry = answered(await log.bounds('telemetry'));
  return lifecycle.partitions.map((bounds, partition) => {
    if (bounds.start > 0) {
      throw new ReplayStopped(
        'refused',
        `the lifecycle log of partition ${String(partition)} begins at ${String(bounds.start)}: its history is lost, and nothing can be rebuilt from it`,
      );
    }
    return { lifecycle: bounds, telemetry: telemetry.partitions[partition] ?? { start: 0, end: 0 } };
  });
}

/**
 * Folds a partition on to exactly these positions. What the live fold would write to the log (copies, dead
 * letters) is left out: it was written when these records were folded live.
 */
export async function foldTo(
  log: EventLog,
  partition: Partition,
  to: Positions,
  onFolded: OnFolded,
): Promise<void> {
  for (const topic of ['lifecycle', 'telemetry'] as const) {
    for await (const records of readOn(log, topic, partition, to[topic])) {
      for (const record of records) takeRecord(partition, topic, record, log.partitions);
      const mark = markOf(records.at(-1));
      if (mark !== undefined) partition.marks = { ...partition.marks, [topic]: mark };
      await onFolded(records.length);
    }
    // The range may end with offsets that have no record.
    partition.positions[topic] = Math.max(partition.positions[topic], to[topic]);
  }
}

/** Telemetry is kept only for a while: what expires before its turn is skipped. */
async function* readOn(
  log: EventLog,
  topic: OwnedTopic,
  { number, positions }: Partition,
  to: number,
): AsyncGenerator<readonly LogRecord[]> {
  for (;;) {
    try {
      if (positions[topic] < to) yield* log.read(topic, number, positions[topic], to);
      return;
    } catch (error) {
      if (topic === 'lifecycle' || !(error instanceof LogReadError)) throw error;
      const start = answered(await log.bounds(topic)).partitions[number]?.start ?? 0;
      if (start <= positions[topic]) throw error;
      positions[topic] = start;
    }
  }
}

/** Reading this many records is faster than searching among them for where to begin. */
const NEAR = 10_000;

/**
 * The offset from which telemetry must be read for a page as of `pageTimeMs`: no sample before it is young
 * enough for that page. (A sample's time may be later than when it was appended.)
 */
export async function telemetryStart(
  log: EventLog,
  partition: number,
  { start, end }: Bounds,
  pageTimeMs: number,
  sampleTtlMs: number,
): Promise<number> {
  const sinceMs = pageTimeMs - sampleTtlMs - FUTURE_MS;
  let low = start;
  let high = end;
  while (high - low > NEAR) {
    const middle = low + Math.floor((high - low) / 2);
    const record = await firstFrom(log, partition, middle, high);
    if (record === undefined || record.appendTimeMs >= sinceMs) high = middle;
    else low = record.offset + 1;
  }
  return low;
}

async function firstFrom(
  log: EventLog,
  partition: number,
  from: number,
  to: number,
): Promise<LogRecord | undefined> {
  for await (const [record] of log.read('telemetry', partition, from, to)) return record;
  return undefined;
}
