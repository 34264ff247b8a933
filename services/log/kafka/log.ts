import { setTimeout as sleep } from 'node:timers/promises';
import { TOPIC_NAMES } from '../../../events/routing';
import { openDelivery } from '../delivery';
import type { Delivery } from '../delivery';
import { LogReadError } from '../port';
import type { BoundsAnswer, EventLog, LogUnavailable, Ownership, PartitionOwner } from '../port';
import { openClients, errorMessage } from './client';
import type { KafkaConnection } from './client';
import { openFetcher } from './fetcher';
import type { Fetcher } from './fetcher';
import { joinGroup } from './group';
import type { GroupOptions } from './group';
import { openAppender } from './producer';
import { readRange } from './reader';
import { endOf, inTime } from './time';
import type { TopicNames } from './topics';
import { openTransport } from './transport';
import type { Transport } from './transport';

/** Longest wait for an answer of a broker that hangs. */
const REQUEST_TIMEOUT_MS = 3000;
const PRODUCE_TIMEOUT_MS = 5000;
const BOUNDS_MS = 5000;
const RETRY_MS = 100;
/**
 * For this long after a failed append, no other is attempted to find out whether it would be taken: nothing
 * else tells.
 */
const FAILED_LATELY_MS = 15_000;

export interface KafkaLogOptions extends KafkaConnection {
  readonly groupId: string;
  /** Of the lifecycle and the telemetry topic. */
  readonly partitions: number;
  /** Default: the contract's names. */
  readonly topics?: TopicNames;
}

/**
 * The log in Kafka, 2.3 or newer. It connects when used: with Kafka away, appends and bounds answer
 * `unavailable`, and owners wait. The topics must exist, with the settings that checkTopics() expects.
 */
export function openKafkaLog(options: KafkaLogOptions): EventLog {
  const { groupId, partitions, topics = TOPIC_NAMES, logger } = options;
  const createKafka = openClients(options, REQUEST_TIMEOUT_MS);
  const appender = openAppender(openClients(options, PRODUCE_TIMEOUT_MS), topics, logger);
  // Not the delivery's connection: a fetch that waits for records would hold up a read from the same broker.
  const queries = openTransport(createKafka, Object.values(topics));
  let ownership: Ownership | null = null;

  return {
    partitions,
    append: (records) => appender.append(records),
    async appendable() {
      const failure = appender.lastFailure();
      if (failure !== null && performance.now() - failure.atMs < FAILED_LATELY_MS) {
        return { kind: 'unavailable', detail: failure.detail };
      }
      const bounds = await boundsOf(queries, topics.lifecycle, partitions);
      return bounds.kind === 'unavailable' ? bounds : { kind: 'appendable' };
    },
    own(owner, onFatal) {
      if (ownership) throw new Error('this log already has an owner');
      const group = { createKafka, queries, groupId, topics, partitions, logger };
      const joined = joinOwners(group, owner, once(onFatal));
      const owning: Ownership = {
        ...joined,
        async close() {
          await joined.close();
          if (ownership === owning) ownership = null;
        },
      };
      ownership = owning;
      return Promise.resolve(owning);
    },
    bounds: (topic) => boundsOf(queries, topics[topic], partitions),
    async *read(topic, partition, from, to) {
      const name = topics[topic];
      const bounds = await boundsOf(queries, name, partitions);
      if (bounds.kind === 'unavailable') throw new LogReadError(bounds.detail);
      const { start = 0, end = 0 } = bounds.partitions[partition] ?? {};
      if (from < start) throw new LogReadError(`${name}/${partition} begins at ${start}, ${from} is gone`);
      yield* readRange(queries, name, partition, from, Math.min(to, end));
    },
    async close() {
      await ownership?.close();
      await appender.close();
      await queries.close();
    },
  };
}

/**
 * The group says which partitions this process owns, the fetcher fetches them, and the delivery passes them
 * to their owner.
 */
function joinOwners(
  options: GroupOptions,
  owner: PartitionOwner,
  onFatal: (error: Error) => void,
): Ownership {
  const { createKafka, topics, partitions, logger } = options;
  const transport = openTransport(createKafka, [topics.lifecycle, topics.telemetry]);
  const hooks = { onFetched: (partition: number) => delivery.wake(partition), onFatal };
  const fetcher: Fetcher = openFetcher(transport, topics, partitions, hooks, logger);
  const delivery: Delivery = openDelivery(owner, fetcher.feed, onFatal);
  let lastContactAtMs = -Infinity;
  const group = joinGroup(options, {
    onAssigned(numbers, continues) {
      if (!continues) delivery.own([]);
      delivery.own(numbers);
    },
    onContact: () => (lastContactAtMs = performance.now()),
    onFatal,
  });
  return {
    owned: () => delivery.owned(),
    // Without a partition to fetch, what counts is the membership in the group.
    lastFetchAtMs: () => (delivery.owned().length > 0 ? fetcher.lastFetchAtMs() : lastContactAtMs),
    restart: (partition) => delivery.restart(partition),
    committed: (partition, positions) => group.commit(partition, positions),
    async close() {
      await delivery.close();
      await group.close();
      await fetcher.close();
      await transport.close();
    },
  };
}

/** Asks again for a while: the first answer after a failover is often that the leader has moved. */
async function boundsOf(
  transport: Transport,
  topic: string,
  partitions: number,
): Promise<BoundsAnswer | LogUnavailable> {
  const deadlineMs = performance.now() + BOUNDS_MS;
  for (;;) {
    const askedAtMs = performance.now();
    const left = Math.max(0, deadlineMs - askedAtMs);
    try {
      const [ends, starts] = await inTime(left, async () => [
        await transport.offsets(topic, 'end'),
        await transport.offsets(topic, 'start'),
      ]);
      if (ends.length !== partitions) {
        const detail = `topic ${topic} has ${ends.length} partitions, not ${partitions}`;
        return { kind: 'unavailable', detail };
      }
      const all = ends.map((end, partition) => ({ start: starts[partition] ?? end, end }));
      return { kind: 'bounds', partitions: all, askedAtMs };
    } catch (error) {
      if (performance.now() + RETRY_MS >= deadlineMs) {
        return { kind: 'unavailable', detail: `bounds of ${topic} not read: ${errorMessage(error)}` };
      }
      await sleep(RETRY_MS);
      await endOf(deadlineMs - performance.now(), () => transport.recover(error));
    }
  }
}

function once(act: (error: Error) => void): (error: Error) => void {
  let done = false;
  return (error) => {
    if (!done) act(error);
    done = true;
  };
}
