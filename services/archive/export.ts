import type { LedgerSettings } from '../fold/ledger';
import { openSieve } from './sieve';
import type { Passed, LeftOut } from './sieve';
import { LogReadError } from '../log/port';
import type { Bounds, EventLog, LogRecord, LogUnavailable, OwnedTopic } from '../log/port';
import { mergeByLogTime } from './merge';

/** The log as it stood when the export began, read once. */
export interface Export {
  readonly kind: 'export';
  /** The ranges of offsets, by partition number. */
  readonly ranges: readonly Readonly<Record<OwnedTopic, Bounds>>[];
  /** How many offsets that is; some may have no record. */
  readonly offsets: number;
  /** The events, in order of log time. Throws LogReadError if the log is away. */
  lines(): AsyncGenerator<readonly Passed[]>;
  /** What was read so far. */
  readonly counts: Counts;
}

export interface Counts {
  /** Offsets read, and events passed on of each topic. */
  offsets: number;
  lifecycle: number;
  telemetry: number;
  readonly leftOut: ReadonlyMap<LeftOut, number>;
}

const TOPICS = ['lifecycle', 'telemetry'] as const;

/** Both topics up to their present ends; what is appended in the meantime is not included. */
export async function openExport(log: EventLog, settings: LedgerSettings): Promise<Export | LogUnavailable> {
  const lifecycle = await log.bounds('lifecycle');
  if (lifecycle.kind === 'unavailable') return lifecycle;
  const telemetry = await log.bounds('telemetry');
  if (telemetry.kind === 'unavailable') return telemetry;
  const none = { start: 0, end: 0 };
  const ranges = lifecycle.partitions.map((range, partition) => ({
    lifecycle: range,
    telemetry: telemetry.partitions[partition] ?? none,
  }));
  const leftOut = new Map<LeftOut, number>();
  const counts: Counts = { offsets: 0, lifecycle: 0, telemetry: 0, leftOut };

  async function* siftPartition(
    topic: OwnedTopic,
    partition: number,
    range: Bounds,
  ): AsyncGenerator<Passed[]> {
    const sieve = openSieve(topic, partition, log.partitions, settings);
    for await (const records of readAll(log, topic, partition, range)) {
      const passed: Passed[] = [];
      for (const record of records) {
        const sifted = sieve.sift(record);
        if (sifted.kind === 'passed') passed.push(sifted);
        else leftOut.set(sifted.why, (leftOut.get(sifted.why) ?? 0) + 1);
      }
      counts.offsets += records.length;
      counts[topic] += passed.length;
      yield passed;
    }
  }

  return {
    kind: 'export',
    ranges,
    offsets: ranges.reduce((sum, range) => sum + lengthOf(range.lifecycle) + lengthOf(range.telemetry), 0),
    lines: () =>
      mergeByLogTime(
        TOPICS.flatMap((topic) =>
          ranges.map((range, partition) => siftPartition(topic, partition, range[topic])),
        ),
      ),
    counts,
  };
}

function lengthOf({ start, end }: Bounds): number {
  return end - start;
}

/** Telemetry is kept only for a while: what expires before its turn to be read is skipped. */
async function* readAll(
  log: EventLog,
  topic: OwnedTopic,
  partition: number,
  { start, end }: Bounds,
): AsyncGenerator<readonly LogRecord[]> {
  for (let from = start; from < end;) {
    try {
      for await (const records of log.read(topic, partition, from, end)) {
        from = (records.at(-1)?.offset ?? from) + 1;
        yield records;
      }
      return;
    } catch (error) {
      if (topic === 'lifecycle' || !(error instanceof LogReadError)) throw error;
      const bounds = await log.bounds(topic);
      const startNow = bounds.kind === 'bounds' ? (bounds.partitions[partition]?.start ?? from) : from;
      if (startNow <= from) throw error;
      from = startNow;
    }
  }
}
