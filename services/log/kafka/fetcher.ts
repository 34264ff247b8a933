import type { Feed } from '../delivery';
import type { OwnedTopic } from '../port';
import { createSignal } from '../signal';
import type { Logger } from './client';
import { createComplaints } from './complaints';
import type { Cursor } from './cursor';
import { createCursors, nameOf } from './cursors';
import { TopicChanged, currentLeaders } from './leaders';
import { request } from './requests';
import { endOf } from './time';
import type { TopicNames } from './topics';
import type { Transport } from './transport';

/** After a failure. */
const RETRY_MS = 250;
const RECOVER_MS = 3000;
const IDLE_MS = 1000;

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
  const owned: readonly OwnedTopic[] = ['lifecycle', 'telemetry'];
  const cursors = createCursors();
  const fetching = new Set<string>();
  const signal = createSignal();
  const complain = createComplaints(logger);
  let lastFetchAtMs = -Infinity;
  let closed = false;

  const isClosed = () => closed;

  async function run(): Promise<void> {
    while (!isClosed()) {
      let idleMs = IDLE_MS;
      try {
        await fetchWanted();
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

  async function fetchWanted(): Promise<void> {
    const names = owned.map((topic) => topics[topic]);
    for (const [leader, list] of cursors.wanted(await currentLeaders(transport, names, partitions))) {
      if (fetching.has(leader)) continue;
      fetching.add(leader);
      void fetchFrom(leader, list).finally(() => {
        fetching.delete(leader);
        signal.raise();
      });
    }
  }

  async function fetchFrom(leader: string, list: readonly Cursor[]): Promise<void> {
    try {
      await request({ transport, topics, cursors, onFetched, logger }, leader, list);
      lastFetchAtMs = performance.now();
    } catch (error) {
      if (isClosed()) return;
      complain(`fetch from broker ${leader} failed`, error);
      for (const cursor of list) cursors.rest(nameOf(cursor), performance.now() + RETRY_MS);
      setTimeout(() => signal.raise(), RETRY_MS).unref();
      await endOf(RECOVER_MS, () => transport.recover(error));
    }
  }

  const running = run();

  return {
    feed: {
      seek(partition, positions) {
        for (const topic of owned) cursors.open(topics[topic], partition, positions[topic]);
        signal.raise();
      },
      async take(topic, partition) {
        const taken = await cursors.take(topics[topic], partition);
        if (taken?.kind === 'chunk') signal.raise();
        return taken;
      },
      release(partition) {
        for (const topic of owned) cursors.close(topics[topic], partition);
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
