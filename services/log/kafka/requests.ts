import type { Logger } from './client';
import type { Cursor } from './cursor';
import { nameOf } from './cursors';
import type { Cursors } from './cursors';
import { FetchError, OFFSET_OUT_OF_RANGE } from './fetch';
import type { FetchedPartition } from './fetch';
import type { TopicNames } from './topics';
import type { Transport } from './transport';

/**
 * How long a fetch waits for a record; a partition that is taken over waits this long for its first fetch.
 */
const MAX_WAIT_MS = 200;
/** Limits of one fetch. A partition's first batch comes whole, however large. */
const FETCH_BYTES = 8 * 1024 * 1024;
const PARTITION_BYTES = 1024 * 1024;

export interface RequestOptions {
  readonly transport: Transport;
  readonly topics: TopicNames;
  readonly cursors: Cursors;
  /** There is something to take. */
  readonly onFetched: (partition: number) => void;
  readonly logger: Logger;
}

/**
 * Asks a broker for what the cursors want, and passes it to them. Throws if the fetch, or a partition's part
 * of it, failed.
 */
export async function request(
  options: RequestOptions,
  leader: string,
  list: readonly Cursor[],
): Promise<void> {
  const { transport, cursors, onFetched } = options;
  const asked = new Map(list.map((cursor) => [nameOf(cursor), { cursor, offset: cursor.fetchFrom() }]));
  const partitions = [...asked.values()].map(({ cursor: { topic, partition }, offset }) => {
    return { topic, partition, offset, maxBytes: PARTITION_BYTES };
  });
  const answer = await transport.fetch(leader, {
    maxWaitMs: MAX_WAIT_MS,
    maxBytes: FETCH_BYTES,
    partitions,
  });
  let failed: FetchedPartition | undefined;
  for (const fetched of answer) {
    const { cursor, offset } = asked.get(nameOf(fetched)) ?? {};
    // It has started over since, or was also fetched from a new leader: what comes late is not what comes
    // next.
    if (!cursor || !cursors.isCurrent(cursor) || cursor.fetchFrom() !== offset) continue;
    if (fetched.errorCode === OFFSET_OUT_OF_RANGE) await outOfRange(options, cursor);
    else if (fetched.errorCode !== 0) failed = fetched;
    else if (fetched.records.length > 0) {
      cursors.add(cursor, fetched);
      onFetched(cursor.partition);
    }
  }
  if (failed) throw new FetchError(nameOf(failed), failed.errorCode);
}

async function outOfRange(
  { transport, topics, cursors, onFetched, logger }: RequestOptions,
  cursor: Cursor,
): Promise<void> {
  const { topic, partition } = cursor;
  const starts = await transport.offsets(topic, 'start');
  const ends = await transport.offsets(topic, 'end');
  if (!cursors.isCurrent(cursor)) return;
  const start = starts[partition] ?? 0;
  const detail =
    `${nameOf(cursor)}: position ${cursor.fetchFrom()} is not on the log, ` +
    `which has ${start} to ${ends[partition] ?? 0}`;
  if (topic === topics.telemetry) {
    logger.warn({ detail }, 'kafka: telemetry is gone, going on at its start');
    cursors.open(topic, partition, start);
    return;
  }
  logger.error({ detail }, 'kafka: history is gone');
  cursors.lose(cursor, { kind: 'gone', detail });
  onFetched(partition);
}
