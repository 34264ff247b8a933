import { KafkaJSProtocolError, type Consumer, type Kafka } from 'kafkajs';
import type { Positions } from '../port';
import { createSignal } from '../signal';
import { createAssigner } from './assigner';
import { errorMessage, FEW_RETRIES, type Logger } from './client';
import { endOf, inTime } from './time';
import type { TopicNames } from './topics';
import type { Transport } from './transport';

/** Kafka's own lower bound (`group.min.session.timeout.ms`); a killed member's partitions are handed on after it. */
const SESSION_MS = 6000;
const HEARTBEAT_MS = 500;
const REBALANCE_MS = 10_000;
/** How often kafkajs' loop turns while it fetches nothing. */
const TURN_MS = 100;
const REJOIN_MS = { first: 200, most: 5000 };
const COMMIT_EVERY_MS = 5000;
const LEASE_CHECK_MS = 250;
const LEAVE_MS = 5000;
/** Longer than a join may take: until the others have noticed, and those that are gone have been waited for. */
const JOIN_MS = 30_000;

/** Failures that joining again can't mend. Any other crash of kafkajs' consumer is answered with a new consumer. */
const FATAL = new Set([
  'KafkaJSSASLAuthenticationError',
  'KafkaJSServerDoesNotSupportApiKey',
  'GROUP_AUTHORIZATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'UNSUPPORTED_VERSION',
]);

export interface GroupOptions {
  readonly createKafka: () => Kafka;
  readonly queries: Transport;
  readonly groupId: string;
  readonly topics: TopicNames;
  readonly partitions: number;
  readonly logger: Logger;
}

interface Hooks {
  /**
   * The partition numbers that are this process's own from now on. `continues`: it was in the group without a break, so nobody
   * else can have had those that it had before.
   */
  readonly onAssigned: (partitions: readonly number[], continues: boolean) => void;
  /** The group was heard of: membership is alive. */
  readonly onContact: () => void;
  readonly onFatal: (error: Error) => void;
}

export interface Group {
  /** Offsets for lag dashboards, sent every few seconds. */
  commit(partition: number, positions: Positions): void;
  /** Leaves the group, so that the others need not wait for the session to end. */
  close(): Promise<void>;
}

/**
 * Membership of the consumer group, and nothing else: kafkajs' consumer joins and keeps its session alive with all
 * partitions paused, and never fetches. Partitions stay this process's own until the group says otherwise, or until its
 * session must have ended unheard of.
 */
export function joinGroup(options: GroupOptions, { onAssigned, onContact, onFatal }: Hooks): Group {
  const { createKafka, queries, groupId, topics, partitions, logger } = options;
  const names = [topics.lifecycle, topics.telemetry];
  const stopping = createSignal();
  const positionsToCommit = new Map<number, Positions>();
  let closed = false;
  let consumer: Consumer | null = null;
  let memberId: string | null = null;
  let held: readonly number[] = [];
  let lastContactMs = performance.now();
  let crash = (_error: Error): void => undefined;

  const isClosed = () => closed;

  function contact(): void {
    lastContactMs = performance.now();
    onContact();
  }

  function create(onCrash: (error: Error) => void): Consumer {
    const created = createKafka().consumer({
      groupId,
      partitionAssigners: [createAssigner(() => held, partitions)],
      sessionTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_MS,
      maxWaitTimeInMs: TURN_MS,
      allowAutoTopicCreation: false,
      retry: { ...FEW_RETRIES, restartOnFailure: () => Promise.resolve(false) },
    });
    created.on(created.events.GROUP_JOIN, ({ payload }) => {
      // In this very turn: a moment later kafkajs would fetch.
      created.pause(names.map((topic) => ({ topic })));
      if (consumer !== created) return; // given up since
      const [first = [], second = []] = names.map((topic) => payload.memberAssignment[topic] ?? []);
      const continues = memberId === payload.memberId;
      held = first.filter((partition) => second.includes(partition));
      memberId = payload.memberId;
      logger.info({ groupId, partitions: held }, 'kafka: partitions assigned');
      contact();
      onAssigned(held, continues);
    });
    created.on(created.events.HEARTBEAT, () => {
      if (consumer === created) contact();
    });
    created.on(created.events.CRASH, ({ payload }) => onCrash(payload.error));
    return created;
  }

  /** Is in the group until it crashes, or is closed. */
  async function stay(): Promise<Error | null> {
    const crashes: Error[] = [];
    const inGroup = () => !closed && crashes.length === 0;
    crash = (error) => {
      crashes.push(error);
      stopping.raise();
    };
    const created = create(crash);
    consumer = created;
    try {
      // With its coordinator gone, kafkajs may wait for an answer for ever, and neither crash nor join again.
      await inTime(JOIN_MS, async () => {
        await created.connect();
        await created.subscribe({ topics: names });
        await created.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
      });
      while (inGroup()) {
        await stopping.wait(COMMIT_EVERY_MS);
        if (inGroup()) await endOf(LEAVE_MS, commitNow);
      }
      return crashes[0] ?? null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      consumer = null;
      await endOf(LEAVE_MS, () => created.disconnect());
    }
  }

  async function run(): Promise<void> {
    for (let attempt = 0; !isClosed(); attempt++) {
      const joinedAtMs = performance.now();
      const error = await stay();
      if (isClosed() || !error) return;
      if (isFatal(error)) {
        onAssigned([], false);
        onFatal(error);
        return;
      }
      logger.warn({ groupId, error: errorMessage(error) }, 'kafka: out of the group, joining again');
      if (performance.now() - joinedAtMs > SESSION_MS) attempt = 0;
      await stopping.wait(Math.min(REJOIN_MS.most, REJOIN_MS.first * 2 ** attempt));
      await leaveBehind();
    }
  }

  /**
   * kafkajs joins again as a new member. Where it couldn't leave, because its coordinator was gone, all would wait for the
   * session of what it was to end; so that is taken out, as soon as there is a coordinator again.
   */
  async function leaveBehind(): Promise<void> {
    const left = memberId;
    while (left !== null && !isClosed() && performance.now() - lastContactMs < SESSION_MS) {
      try {
        await inTime(LEAVE_MS, () => queries.leaveGroup(groupId, left));
        return;
      } catch (error) {
        if (isUnknownMember(error)) return;
        await endOf(LEAVE_MS, () => queries.recover(error));
        await stopping.wait(REJOIN_MS.first);
      }
    }
  }

  async function commitNow(): Promise<void> {
    const offsets = [...positionsToCommit]
      .filter(([partition]) => held.includes(partition))
      .flatMap(([partition, { lifecycle, telemetry }]) => [
        { topic: topics.lifecycle, partition, offset: String(lifecycle) },
        { topic: topics.telemetry, partition, offset: String(telemetry) },
      ]);
    positionsToCommit.clear();
    if (offsets.length === 0 || !consumer) return;
    await consumer.commitOffsets(offsets).catch((error: unknown) => {
      logger.debug({ groupId, error: errorMessage(error) }, 'kafka: lag figures not committed');
    });
  }

  const leaseTimer = setInterval(() => {
    if (performance.now() - lastContactMs < SESSION_MS || memberId === null) return;
    logger.warn({ groupId }, 'kafka: the session must have ended, partitions given up');
    memberId = null;
    onAssigned([], false);
    crash(new Error('the session must have ended'));
  }, LEASE_CHECK_MS).unref();

  const running = run();

  return {
    commit(partition, positions) {
      positionsToCommit.set(partition, positions);
    },
    async close() {
      await endOf(LEAVE_MS, commitNow);
      closed = true;
      clearInterval(leaseTimer);
      stopping.raise();
      await endOf(2 * LEAVE_MS, () => running);
    },
  };
}

function isFatal(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (FATAL.has(cause.name) || ('type' in cause && FATAL.has(String(cause.type)))) return true;
  }
  return false;
}

function isUnknownMember(error: unknown): boolean {
  return error instanceof KafkaJSProtocolError && error.type === 'UNKNOWN_MEMBER_ID';
}
