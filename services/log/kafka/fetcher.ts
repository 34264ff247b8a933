import type { Feed } from '../delivery';
import type { OwnedTopic } from '../port';
import { openSignal } from '../signal';
import type { Signal } from '../signal';
import type { Logger } from './client';
import { openComplaints } from './complaints';
import type { Complain } from './complaints';
import type { Cursor } from './cursor';
import { openCursors, nameOf } from './cursors';
import { TopicChanged, currentLeaders } from './leaders';
import { request } from './requests';
import type { RequestOptions } from './requests';
import { endOf } from './time';
import type { TopicNames } from './topics';
import type { Transport } from './transport';

/** After a failure. */
const RETRY_MS = 250;
const RECOVER_MS = 3000;
const IDLE_MS = 1000;

/** Fetches ahead for a delivery: one request at a time to each broker, for all partitions that it leads. */
export interface Fetcher {
  readonly feed: Feed;
  /** When a fetch last brought no error, on performance.now()'s clock. */
  lastFetchAtMs(): number;
  close(): Promise<void>;
}

interface Hooks {
  /** There is something to take. */
  readonly onFetched: (partition: number) => void;
  /** The topics are not as they should be. */
  readonly onFatal: (error: Error) => void;
}

const OWNED: readonly OwnedTopic[] = ['lifecycle', 'telemetry'];

interface Fetching extends RequestOptions {
  readonly partitions: number;
  readonly onFatal: (error: Error) => void;
  readonly complain: Complain;
  /** Brokers that have a request to answer. */
  readonly asked: Set<string>;
  /** Raised when there may be more to fetch. */
  readonly signal: Signal;
  lastFetchAtMs: number;
  closed: boolean;
}

export function openFetcher(
  transport: Transport,
  topics: TopicNames,
  partitions: number,
  { onFetched, onFatal }: Hooks,
  logger: Logger,
): Fetcher {
  const fetching: Fetching = {
    transport,
    topics,
    partitions,
    cursors: openCursors(),
    onFetched,
    onFatal,
    logger,
    complain: openComplaints(logger),
    asked: new Set(),
    signal: openSignal(),
    lastFetchAtMs: -Infinity,
    closed: false,
  };
  const running = run(fetching);
  return {
    feed: feedOf(fetching),
    lastFetchAtMs: () => fetching.lastFetchAtMs,
    async close() {
      fetching.closed = true;
      fetching.signal.raise();
      await running;
    },
  };
}

function feedOf({ cursors, topics, signal }: Fetching): Feed {
  return {
    seek(partition, positions) {
      for (const topic of OWNED) cursors.open(topics[topic], partition, positions[topic]);
      signal.raise();
    },
    async take(topic, partition) {
      const taken = await cursors.take(topics[topic], partition);
      if (taken?.kind === 'chunk') signal.raise();
      return taken;
    },
    release(partition) {
      for (const topic of OWNED) cursors.close(topics[topic], partition);
    },
  };
}

async function run(fetching: Fetching): Promise<void> {
  const { transport, complain, onFatal, signal } = fetching;
  while (!isClosed(fetching)) {
    let idleMs = IDLE_MS;
    try {
      await fetchWanted(fetching);
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

/** Asks each broker that is not busy for what its partitions want; the answers come when they come. */
async function fetchWanted(fetching: Fetching): Promise<void> {
  const { transport, topics, partitions, cursors, asked, signal } = fetching;
  const names = OWNED.map((topic) => topics[topic]);
  for (const [leader, list] of cursors.wanted(await currentLeaders(transport, names, partitions))) {
    if (asked.has(leader)) continue;
    asked.add(leader);
    void fetchFrom(fetching, leader, list).finally(() => {
      asked.delete(leader);
      signal.raise();
    });
  }
}

async function fetchFrom(fetching: Fetching, leader: string, list: readonly Cursor[]): Promise<void> {
  const { transport, cursors, complain, signal } = fetching;
  try {
    await request(fetching, leader, list);
    fetching.lastFetchAtMs = performance.now();
  } catch (error) {
    if (isClosed(fetching)) return;
    complain(`fetch from broker ${leader} failed`, error);
    for (const cursor of list) cursors.rest(nameOf(cursor), performance.now() + RETRY_MS);
    setTimeout(() => signal.raise(), RETRY_MS).unref();
    await endOf(RECOVER_MS, () => transport.recover(error));
  }
}

/** A function, since its result changes while others await. */
function isClosed(fetching: Fetching): boolean {
  return fetching.closed;
}
