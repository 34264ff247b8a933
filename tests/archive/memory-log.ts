/** A log in memory: what export and import need of one, with a clock of the test's. */
import {
  LogReadError,
  type AppendRecord,
  type EventLog,
  type LogRecord,
  type Topic,
} from '../../services/log/port';

export interface MemoryLog extends EventLog {
  /** Puts a record where the test wants it, on whichever partition, at whatever append time. */
  put(topic: Topic, partition: number, value: Buffer, appendTimeMs: number): void;
  records(topic: Topic, partition: number): readonly LogRecord[];
  /** What is below the offset is no longer on the log. */
  trim(topic: Topic, partition: number, start: number): void;
}

/** How many records a read hands on together: few, so that chunks end in the middle of things. */
const CHUNK = 7;

export interface MemoryLogOptions {
  readonly partitions: number;
  readonly now?: () => number;
  /** Appends after so many records are not answered; half of such a batch is on the log anyway. */
  readonly failsAfter?: number;
}

export function openMemoryLog({ partitions, now = Date.now, failsAfter }: MemoryLogOptions): MemoryLog {
  const topics = new Map<string, LogRecord[]>();
  const starts = new Map<string, number>();
  const startOf = (topic: Topic, partition: number): number => starts.get(`${topic}/${partition}`) ?? 0;
  let appended = 0;
  const recordsOf = (topic: Topic, partition: number): LogRecord[] => {
    const name = `${topic}/${partition}`;
    const records = topics.get(name) ?? [];
    topics.set(name, records);
    return records;
  };
  function put(topic: Topic, partition: number, value: Buffer, appendTimeMs: number): void {
    if (partition >= partitions) throw new Error(`no partition ${partition}`);
    const records = recordsOf(topic, partition);
    records.push({ partition, offset: records.length, appendTimeMs, key: null, value });
  }
  const putAll = (batch: readonly AppendRecord[]): void => {
    for (const { topic, partition, value } of batch) put(topic, partition, value, now());
  };
  return {
    partitions,
    put,
    records: recordsOf,
    append(batch) {
      appended += batch.length;
      if (failsAfter !== undefined && appended > failsAfter) {
        putAll(batch.slice(0, batch.length / 2));
        return Promise.resolve({ kind: 'unavailable', detail: 'it was cut off' });
      }
      putAll(batch);
      return Promise.resolve({ kind: 'appended' });
    },
    appendable: () => Promise.resolve({ kind: 'appendable' }),
    bounds: (topic) =>
      Promise.resolve({
        kind: 'bounds',
        partitions: Array.from({ length: partitions }, (_, partition) => ({
          start: startOf(topic, partition),
          end: recordsOf(topic, partition).length,
        })),
        askedAtMs: 0,
      }),
    trim: (topic, partition, start) => void starts.set(`${topic}/${partition}`, start),
    async *read(topic, partition, from, to) {
      if (from < startOf(topic, partition)) throw new LogReadError(`${from} is gone`);
      for (let at = from; at < to; at += CHUNK)
        yield recordsOf(topic, partition).slice(at, Math.min(to, at + CHUNK));
    },
    own: () => Promise.reject(new Error('nobody owns it')),
    close: () => Promise.resolve(),
  };
}
