import type { Feed, Gone } from '../delivery';
import type { OwnedTopic } from '../port';
import { createSignal } from '../signal';
import { errorMessage, type Logger } from './client';
import { createCursor, type Cursor } from './cursor';
import { FetchError, OFFSET_OUT_OF_RANGE, type FetchedPartition } from './fetch';
import { endOf } from './time';
import type { TopicNames } from './topics';
import type { Transport } from './transport';

/** How long a fetch waits for a record; a partition that is taken over waits so long for its first fetch. */
const MAX_WAIT_MS = 200;
/** Of one fetch. A partition's first batch comes whole, however large. */
const FETCH_BYTES = 8 * 1024 * 1024;
const PARTITION_BYTES = 1024 * 1024;
/** Fetched ahead, of one partition and of all. */
const AHEAD_BYTES = 1024 * 1024;
const ALL_AHEAD_BYTES = 64 * 1024 * 1024;
/** After a failure. */
const RETRY_MS = 250;
const RECOVER_MS = 3000;
const IDLE_MS = 1000;
/** One warning in so long: an outage is one piece of news, not four a second. */
const QUIET_MS = 10_000;

/** Fetches ahead what a delivery takes: one request at a time to each broker, for all partitions that it leads. */
export interface Fetcher {
  readonly feed: Feed;
  /** When a fetch last brought no error, on performance.now()'s clock. */
  lastFetchAtMs(): number;
  close(): Promise<void>;
}

interface Hooks {
  /** There is something to take. */
  readonly onFetched: (partition: number) => void;
  /** The topics are not as they must be. */
  readonly onFatal: (error: Error) => void;
}

export function createFetcher(
  transport: Transport,
  topics: TopicNames,
  partitions: number,
  { onFetched, onFatal }: Hooks,
  logger: Logger,
): Fetcher {
  const owned = [topics.lifecycle, topics.telemetry];
  const cursors = new Map<string, Cursor>();
  const gone = new Map<string, Gone>();
  const notBeforeMs = new Map<string, number>();
  const fetching = new Set<string>();
  const signal = createSignal();
  let lastFetchAtMs = -Infinity;
  let quietUntilMs = -Infinity;
  let closed = false;

  const isClosed = () => closed;
  const isCurrent = (cursor: Cursor) => cursors.get(nameOf(cursor)) === cursor;

  function open(topic: string, partition: number, position: number): void {
    const cursor = createCursor(topic, partition, position);
    cursors.set(nameOf(cursor), cursor);
    gone.delete(nameOf(cursor));
    signal.raise();
  }

  /**
   * By leader, the partitions that want more. Those that got something last come last: a broker fills its answer in the order in which
   * it is asked, so what always has more would keep all behind it waiting.
   */
  async function wanted(): Promise<Map<string, Cursor[]>> {
    const leaderOf = await currentLeaders();
    const ahead = [...cursors.values()].reduce((sum, cursor) => sum + cursor.bytes(), 0);
    const byLeader = new Map<string, Cursor[]>();
    for (const [name, cursor] of cursors) {
      const leader = leaderOf.get(name);
      if (leader === undefined || gone.has(name)) continue;
      const isFull = cursor.bytes() >= AHEAD_BYTES || (ahead >= ALL_AHEAD_BYTES && cursor.bytes() > 0);
      if (isFull || (notBeforeMs.get(name) ?? 0) > performance.now()) continue;
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), cursor]);
    }
    return byLeader;
  }

  async function currentLeaders(): Promise<Map<string, string>> {
    const leaderOf = new Map<string, string>();
    for (const topic of owned) {
      const leaders = await transport.leaders(topic);
      checkCount(topic, leaders);
      for (const [leader, numbers] of leaders) {
        for (const partition of numbers) leaderOf.set(nameOf({ topic, partition }), leader);
      }
    }
    return leaderOf;
  }

  function checkCount(topic: string, leaders: Map<string, number[]>): void {
    const count = [...leaders.values()].flat().length;
    if (count === partitions) return;
    throw new TopicChanged(
      `topic ${topic} has ${count} partitions, ${partitions} were expected: a topic's count never changes; ` +
        'export the events and import them into new topics',
    );
  }

  async function run(): Promise<void> {
    while (!isClosed()) {
      let idleMs = IDLE_MS;
      try {
        for (const [leader, list] of await wanted()) {
          if (fetching.has(leader)) continue;
          fetching.add(leader);
          void fetchFrom(leader, list).finally(() => {
            fetching.delete(leader);
            signal.raise();
          });
        }
      } catch (error) {
        if (error instanceof TopicChanged) {
          onFatal(error);
          return;
        }
        complain('metadata not read', error);
        await endOf(RECOVER_MS, () => transport.recover(error));
        idleMs = RETRY_MS;
      }
      await signal.wait(idleMs);
    }
  }

  async function fetchFrom(leader: string, list: readonly Cursor[]): Promise<void> {
    const asked = new Map(list.map((cursor) => [nameOf(cursor), { cursor, offset: cursor.fetchFrom() }]));
    try {
      const answer = await transport.fetch(leader, {
        maxWaitMs: MAX_WAIT_MS,
        maxBytes: FETCH_BYTES,
        partitions: [...asked.values()].map(({ cursor: { topic, partition }, offset }) => ({
          topic,
          partition,
          offset,
          maxBytes: PARTITION_BYTES,
        })),
      });
      let failed: FetchedPartition | undefined;
      for (const fetched of answer) {
        const { cursor, offset } = asked.get(nameOf(fetched)) ?? {};
        // Started over since, or fetched from a new leader too: what comes late is not what comes next.
        if (!cursor || !isCurrent(cursor) || cursor.fetchFrom() !== offset) continue;
        if (fetched.errorCode === 0) add(cursor, fetched);
        else if (fetched.errorCode === OFFSET_OUT_OF_RANGE) await outOfRange(cursor);
        else {
          failed = fetched;
          rest(nameOf(cursor));
        }
      }
      if (failed) throw new FetchError(nameOf(failed), failed.errorCode);
      lastFetchAtMs = performance.now();
    } catch (error) {
      if (isClosed()) return;
      complain(`fetch from broker ${leader} failed`, error);
      for (const name of asked.keys()) rest(name);
      await endOf(RECOVER_MS, () => transport.recover(error));
    }
  }

  function add(cursor: Cursor, { records, aborted }: FetchedPartition): void {
    if (records.length === 0) return;
    // A copy, so that a partition that waits does not keep the whole answer, with all the others', in memory.
    cursor.add(Buffer.from(records), aborted);
    cursors.delete(nameOf(cursor));
    cursors.set(nameOf(cursor), cursor);
    onFetched(cursor.partition);
  }

  async function outOfRange(cursor: Cursor): Promise<void> {
    const { topic, partition } = cursor;
    const starts = await transport.offsets(topic, 'start');
    const ends = await transport.offsets(topic, 'end');
    if (!isCurrent(cursor)) return;
    const start = starts[partition] ?? 0;
    const detail =
      `${nameOf(cursor)}: position ${cursor.fetchFrom()} is not on the log, ` +
      `which has ${start} to ${ends[partition] ?? 0}`;
    if (topic === topics.telemetry) {
      logger.warn({ detail }, 'kafka: telemetry is gone, going on at its start');
      open(topic, partition, start);
    } else {
      logger.error({ detail }, 'kafka: history is gone');
      gone.set(nameOf(cursor), { kind: 'gone', detail });
      onFetched(partition);
    }
  }

  function complain(what: string, error: unknown): void {
    const nowMs = performance.now();
    const fields = { error: errorMessage(error) };
    if (nowMs < quietUntilMs) logger.debug(fields, `kafka: ${what}, trying again`);
    else {
      logger.warn(fields, `kafka: ${what}, trying again`);
      quietUntilMs = nowMs + QUIET_MS;
    }
  }

  function rest(name: string): void {
    notBeforeMs.set(name, performance.now() + RETRY_MS);
    setTimeout(() => signal.raise(), RETRY_MS).unref();
  }

  const running = run();
  const topicOf = (topic: OwnedTopic) => topics[topic];

  return {
    feed: {
      seek(partition, positions) {
        open(topics.lifecycle, partition, positions.lifecycle);
        open(topics.telemetry, partition, positions.telemetry);
      },
      async take(topic, partition) {
        const name = nameOf({ topic: topicOf(topic), partition });
        const cursor = cursors.get(name);
        const chunk = (await cursor?.take()) ?? null;
        if (chunk) signal.raise();
        return chunk ?? gone.get(name) ?? null;
      },
      release(partition) {
        for (const topic of owned) cursors.delete(nameOf({ topic, partition }));
      },
    },
    lastFetchAtMs: () => lastFetchAtMs,
    async close() {
      closed = true;
      signal.raise();
      await running;
    },
  };
}

class TopicChanged extends Error {}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}
