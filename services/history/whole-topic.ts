import { LogReadError } from '../log/port';
import type { EventLog, LogRecord, Topic } from '../log/port';

/** How many offsets a topic has now; some may have no record. Throws LogReadError if the log is away. */
export async function lengthOf(log: EventLog, topic: Topic): Promise<number> {
  const bounds = await log.bounds(topic);
  if (bounds.kind === 'unavailable') throw new LogReadError(bounds.detail);
  return bounds.partitions.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Everything that a topic has now, partition after partition. Throws LogReadError if the log is away. */
export async function* readTopic(log: EventLog, topic: Topic): AsyncGenerator<readonly LogRecord[]> {
  const bounds = await log.bounds(topic);
  if (bounds.kind === 'unavailable') throw new LogReadError(bounds.detail);
  for (const [partition, { start, end }] of bounds.partitions.entries()) {
    if (start < end) yield* log.read(topic, partition, start, end);
  }
}
