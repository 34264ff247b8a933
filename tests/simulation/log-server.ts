import { partitionOf, routeOf } from '../../events/routing';
import { decodeEvent } from '../../events/codec';
import type { AppendRecord, Bounds, LogRecord, Topic } from '../../services/log/port';

/** The brokers: what is on the log, and up to where it can be read by now. */
export interface LogServer {
  readonly partitions: number;
  append(record: AppendRecord): void;
  /** What can be read; all of it, where `all` is asked for. */
  bounds(topic: Topic, partition: number, all?: boolean): Bounds;
  records(topic: Topic, partition: number, from: number, to: number, all?: boolean): readonly LogRecord[];
  /** Another broker leads, with a clock of its own. */
  clockOffsetMs: number;
}

interface Logged {
  readonly record: LogRecord;
  /** When enough brokers have it. */
  readonly visibleAtMs: number;
}

/** `lagMs`: how long a record takes until it can be read. */
export function openLogServer(partitions: number, trueNowMs: () => number, lagMs: () => number): LogServer {
  const logs = new Map<string, Logged[]>();

  function logOf(topic: Topic, partition: number): Logged[] {
    const name = `${topic} ${partition}`;
    const log = logs.get(name) ?? [];
    if (log.length === 0) logs.set(name, log);
    return log;
  }

  const server: LogServer = {
    partitions,
    clockOffsetMs: 0,
    append({ topic, partition, key, value }) {
      const log = logOf(topic, partition);
      const appendTimeMs = Math.floor(trueNowMs() + server.clockOffsetMs);
      const record = { partition, offset: log.length, appendTimeMs, key: Buffer.from(key), value };
      log.push({ record, visibleAtMs: Math.max(log.at(-1)?.visibleAtMs ?? 0, trueNowMs() + lagMs()) });
    },
    bounds(topic, partition, all = false) {
      const log = logOf(topic, partition);
      let end = log.length;
      while (!all && end > 0 && log[end - 1]!.visibleAtMs > trueNowMs()) end--;
      return { start: 0, end };
    },
    records: (topic, partition, from, to, all) =>
      logOf(topic, partition)
        .slice(from, Math.min(to, server.bounds(topic, partition, all).end))
        .map(({ record }) => record),
  };
  return server;
}

/** A line as a producer appends it; one that is no event goes where it is told. */
export function recordOf(line: string, partitions: number, elsewhere: number): AppendRecord {
  const value = Buffer.from(line);
  const decoded = decodeEvent(value);
  if (!decoded.ok) return { topic: 'lifecycle', key: 'unknown', partition: elsewhere, value };
  const { topic, key } = routeOf(decoded.event);
  return { topic, key, partition: partitionOf(key, partitions), value };
}
