import { KafkaJSProtocolError } from 'kafkajs';
import type { Broker, Cluster, Kafka } from 'kafkajs';
import { decodeFetch, encodeFetch, FetchError } from './fetch';
import type { FetchedPartition, FetchRequest } from './fetch';

/**
 * kafkajs' connections and metadata, for requests of our own: it has no consumer without a group, and its
 * consumer's fetch can't be used (see batch.ts). Metadata is kept for 30 s, and asked for again after each
 * failed request.
 */
export interface Transport {
  /** Partition numbers by the id of their leader. Throws if Kafka is away or a topic is missing. */
  leaders(topic: string): Promise<Map<string, number[]>>;
  fetch(leader: string, request: FetchRequest): Promise<FetchedPartition[]>;
  /** First offset or end (of what is committed, transactions too) by partition number. */
  offsets(topic: string, which: 'start' | 'end'): Promise<number[]>;
  /** After a failed request: asks for the leaders again if a broker said so, otherwise reconnects. */
  recover(failure: unknown): Promise<void>;
  /** Removes from the group a member that is gone without having left. */
  leaveGroup(groupId: string, memberId: string): Promise<void>;
  close(): Promise<void>;
}

const METADATA_MAX_AGE_MS = 30_000;
const WRONG_VERSION = 'it is not the version that this was written for (2.2.4)';
/** Kafka 2.3: the first to have this version; 4.x still has it. */
const FETCH = { apiKey: 1, apiVersion: 11, apiName: 'Fetch' };

export function openTransport(createKafka: () => Kafka, topics: readonly string[]): Transport {
  let cluster = clusterOf(createKafka());
  const lanes = createLanes();

  async function connected(): Promise<Cluster> {
    await cluster.connect();
    await cluster.addMultipleTargetTopics([...topics]);
    await cluster.refreshMetadataIfNecessary();
    return cluster;
  }

  return {
    leaders: async (topic) => leadersOf(await connected(), topic),
    // One at a time, which is how the broker answers them anyway: two at once, before there is a connection,
    // make kafkajs open two, one of which is never closed.
    fetch: (leader, request) =>
      lanes.inTurn(leader, async () => send(await cluster.findBroker({ nodeId: leader }), request)),
    offsets: async (topic, which) => offsetsOf(await connected(), topic, which),
    async recover(failure) {
      if (isProtocolError(failure)) {
        await cluster.refreshMetadata();
        return;
      }
      void cluster.disconnect().catch(() => undefined);
      cluster = clusterOf(createKafka());
      lanes.clear();
    },
    async leaveGroup(groupId, memberId) {
      await cluster.connect();
      await cluster.refreshMetadataIfNecessary();
      const coordinator = await cluster.findGroupCoordinator({ groupId });
      if (canLeaveGroup(coordinator)) await coordinator.leaveGroup({ groupId, memberId });
    },
    close: () => cluster.disconnect(),
  };
}

function leadersOf(cluster: Cluster, topic: string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { partitionId, leader } of cluster.findTopicPartitionMetadata(topic)) {
    const id = String(leader);
    found.set(id, [...(found.get(id) ?? []), partitionId]);
  }
  return found;
}

async function offsetsOf(cluster: Cluster, topic: string, which: 'start' | 'end'): Promise<number[]> {
  const partitions = cluster
    .findTopicPartitionMetadata(topic)
    .map(({ partitionId }) => ({ partition: partitionId }));
  const [answer] = await cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: which === 'start' }]);
  const offsets: number[] = [];
  for (const { partition, offset } of answer?.partitions ?? []) offsets[partition] = Number(offset);
  return offsets;
}

/** A queue for each leader: its fetches go one after another, whether or not the previous one failed. */
function createLanes() {
  const ends = new Map<string, Promise<unknown>>();
  return {
    inTurn(leader: string, fetch: () => Promise<FetchedPartition[]>): Promise<FetchedPartition[]> {
      const before = ends.get(leader);
      const answer = (async () => {
        await before;
        return fetch();
      })();
      ends.set(
        leader,
        answer.then(
          () => undefined,
          () => undefined,
        ),
      );
      return answer;
    },
    clear: () => ends.clear(),
  };
}

/** kafkajs passes its cluster to whoever makes a partition assigner; this consumer never runs. */
function clusterOf(kafka: Kafka): Cluster {
  const found: Cluster[] = [];
  kafka.consumer({
    groupId: 'none',
    metadataMaxAge: METADATA_MAX_AGE_MS,
    allowAutoTopicCreation: false,
    partitionAssigners: [
      ({ cluster }) => {
        found.push(cluster);
        return {
          name: 'none',
          version: 0,
          assign: () => Promise.resolve([]),
          protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
        };
      },
    ],
  });
  const cluster = found.at(0);
  if (!cluster) throw new Error(`kafkajs made no assigner: ${WRONG_VERSION}`);
  return cluster;
}

/**
 * kafkajs' own fetch, except for the decoding. Fetches have a connection of their own there, so a long one
 * holds nothing up.
 */
interface Connections {
  send(exchange: {
    readonly request: typeof FETCH & { encode(): Promise<{ buf: Buffer; buffer: Buffer }> };
    readonly response: {
      decode(bytes: Buffer): Promise<FetchedPartition[]>;
      parse(partitions: FetchedPartition[]): Promise<FetchedPartition[]>;
    };
  }): Promise<FetchedPartition[]>;
}

function send(broker: Broker, request: FetchRequest): Promise<FetchedPartition[]> {
  if (!hasConnections(broker)) {
    throw new Error(`kafkajs has no connectionPool: ${WRONG_VERSION}`);
  }
  const bytes = encodeFetch(request);
  return broker.connectionPool.send({
    request: { ...FETCH, encode: () => Promise.resolve({ buf: bytes, buffer: bytes }) },
    response: {
      decode: (answer) => Promise.resolve(decodeFetch(answer)),
      parse: (partitions) => Promise.resolve(partitions),
    },
  });
}

function hasConnections(broker: Broker): broker is Broker & { connectionPool: Connections } {
  const pool: unknown = 'connectionPool' in broker ? broker.connectionPool : null;
  return typeof pool === 'object' && pool !== null && 'send' in pool && typeof pool.send === 'function';
}

/** kafkajs' types leave it out. */
function canLeaveGroup(
  broker: Broker,
): broker is Broker & { leaveGroup(member: { groupId: string; memberId: string }): Promise<void> } {
  return 'leaveGroup' in broker && typeof broker.leaveGroup === 'function';
}

/** The broker works, and says what is wrong. */
function isProtocolError(error: unknown): boolean {
  return error instanceof KafkaJSProtocolError || error instanceof FetchError;
}
