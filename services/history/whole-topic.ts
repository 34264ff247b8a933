import { LogReadError } from '../log/port';
import type { EventLog, LogRecord, Topic } from '../log/port';

/** How many offsets a topic has as of now; some may have no record. Throws LogReadError where the log is away. */
export async function lengthOf(log: EventLog, topic: Topic): Promise<number> {
  const bounds = await log.bounds(topic);
  if (bounds.kind === 'unavailable') throw new LogReadError(bounds.detail);
  return bounds.partitions.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** All that a topic has as of now, partition after partition. Throws LogReadError where the log is away. */
export async function* readTopic(log: EventLog, topic: Topic): AsyncGenerator<readonly LogRecord[]> {
  const bounds = await log.bounds(topic);
  if (bounds.kind === 'unavailable') throw new LogReadError(bounds.detail);
  for (const [partition, { start, end }] of bounds.partitions.entries()) {
    if (start < end) yield* log.read(topic, partition, start, end);
  }
}
