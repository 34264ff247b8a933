import { setTimeout as sleep } from 'node:timers/promises';
import { LogReadError } from '../port';
import type { LogRecord } from '../port';
import { openCursor } from './cursor';
import type { Cursor } from './cursor';
import { FetchError, OFFSET_OUT_OF_RANGE } from './fetch';
import type { Transport } from './transport';

const MAX_WAIT_MS = 100;
const FETCH_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 100;
/**
 * What is below the end must come, whichever broker leads by now; if nothing comes for this long, the log is
 * away.
 */
const PATIENCE_MS = 15_000;

/**
 * The records of a partition with from <= offset < to, in chunks. `to` lies at or below the log's end: the
 * last offsets before it may have no record (control records, compaction), so the position decides when all
 * is read, never a record.
 */
export async function* readRange(
  transport: Transport,
  topic: string,
  partition: number,
  from: number,
  to: number,
): AsyncGenerator<readonly LogRecord[]> {
  const cursor = openCursor(topic, partition, from);
  for (let position = from; position < to;) {
    const chunk = await cursor.take();
    if (!chunk) {
      await fetchMore(transport, cursor);
      continue;
    }
    position = chunk.next;
    const records = chunk.records.filter(({ offset }) => offset < to);
    if (records.length > 0) yield records;
  }
}

async function fetchMore(transport: Transport, cursor: Cursor): Promise<void> {
  const { topic, partition } = cursor;
  const offset = cursor.fetchFrom();
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    let failure = new Error('no records came');
    try {
      const leader = await leaderOf(transport, topic, partition);
      const [fetched] = await transport.fetch(leader, {
        maxWaitMs: MAX_WAIT_MS,
        maxBytes: FETCH_BYTES,
        partitions: [{ topic, partition, offset, maxBytes: FETCH_BYTES }],
      });
      if (fetched?.errorCode === OFFSET_OUT_OF_RANGE) {
        throw new LogReadError(`${topic}/${partition}: offset ${offset} is not on the log`);
      }
      if (fetched?.errorCode === 0) cursor.add(fetched.records, fetched.aborted);
      else if (fetched) failure = new FetchError(`${topic}/${partition}`, fetched.errorCode);
      if (cursor.fetchFrom() > offset) return;
    } catch (error) {
      if (error instanceof LogReadError) throw error;
      failure = error instanceof Error ? error : new Error(String(error));
    }
    if (performance.now() > deadlineMs) {
      throw new LogReadError(`${topic}/${partition}: not read from offset ${offset} on: ${failure.message}`);
    }
    await sleep(RETRY_MS);
    await transport.recover(failure).catch(() => undefined);
  }
}

async function leaderOf(transport: Transport, topic: string, partition: number): Promise<string> {
  for (const [leader, numbers] of await transport.leaders(topic)) {
    if (numbers.includes(partition)) return leader;
  }
  throw new Error('the partition has no leader');
}
