import { KafkaJSProtocolError } from 'kafkajs';
import type { Consumer, ConsumerGroupJoinEvent, Kafka } from 'kafkajs';
import type { Positions } from '../port';
import { openSignal } from '../signal';
import type { Signal } from '../signal';
import { openAssigner } from './assigner';
import { errorMessage, FEW_RETRIES } from './client';
import type { Logger } from './client';
import { endOf, inTime } from './time';
import type { TopicNames } from './topics';
import type { Transport } from './transport';

/**
 * Kafka's own lower bound (`group.min.session.timeout.ms`); a killed member's partitions are reassigned after
 * this time.
 */
const SESSION_MS = 6000;
const HEARTBEAT_MS = 500;
const REBALANCE_MS = 10_000;
/** How often kafkajs' loop turns while it fetches nothing. */
const TURN_MS = 100;
const REJOIN_MS = { first: 200, most: 5000 };
const COMMIT_EVERY_MS = 5000;
const LEASE_CHECK_MS = 250;
const LEAVE_MS = 5000;
/** Longer than a join may take: the others have to notice, and those that are gone are waited for. */
const JOIN_MS = 30_000;

/** Failures that joining again can't fix. After any other crash of kafkajs' consumer a new one is made. */
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
   * The partition numbers that this process owns from now on. `continues`: it was in the group without a
   * break, so nobody else can have had those that it had before.
   */
  readonly onAssigned: (partitions: readonly number[], continues: boolean) => void;
  /** The group has answered: membership is alive. */
  readonly onContact: () => void;
  readonly onFatal: (error: Error) => void;
}

export interface Group {
  /** Offsets for lag dashboards, sent every few seconds. */
  commit(partition: number, positions: Positions): void;
  /** Leaves the group, so that the others need not wait for the session to expire. */
  close(): Promise<void>;
}

/** This process's membership, across all the times that it joins. */
interface Membership extends GroupOptions, Hooks {
  /** Raised to end a wait: it has crashed, or is closed. */
  readonly stopping: Signal;
  readonly positionsToCommit: Map<number, Positions>;
  closed: boolean;
  /** Null while it is not in the group. */
  consumer: Consumer | null;
  /** Assigned by the group: a different one after each restart. Null once the session must have expired. */
  memberId: string | null;
  held: readonly number[];
  lastContactMs: number;
  /** Ends the present stay. */
  crash: (error: Error) => void;
}

/**
 * Membership of the consumer group, and nothing else: kafkajs' consumer joins and keeps its session alive
 * with all partitions paused, and never fetches. Partitions remain owned by this process until the group says
 * otherwise, or until its session must have expired without contact.
 */
export function joinGroup(options: GroupOptions, hooks: Hooks): Group {
  const member: Membership = {
    ...options,
    ...hooks,
    stopping: openSignal(),
    positionsToCommit: new Map(),
    closed: false,
    consumer: null,
    memberId: null,
    held: [],
    lastContactMs: performance.now(),
    crash: () => undefined,
  };
  const leaseTimer = setInterval(() => checkLease(member), LEASE_CHECK_MS).unref();
  const running = keepJoining(member);
  return {
    commit(partition, positions) {
      member.positionsToCommit.set(partition, positions);
    },
    async close() {
      await endOf(LEAVE_MS, () => commit(member));
      member.closed = true;
      clearInterval(leaseTimer);
      member.stopping.raise();
      await endOf(2 * LEAVE_MS, () => running);
    },
  };
}

async function keepJoining(member: Membership): Promise<void> {
  const { groupId, stopping, logger, onAssigned, onFatal } = member;
  for (let attempt = 0; !isClosed(member); attempt++) {
    const joinedAtMs = performance.now();
    const error = await stay(member);
    if (isClosed(member) || !error) return;
    if (isFatal(error)) {
      onAssigned([], false);
      onFatal(error);
      return;
    }
    logger.warn({ groupId, error: errorMessage(error) }, 'kafka: out of the group, joining again');
    if (performance.now() - joinedAtMs > SESSION_MS) attempt = 0;
    await stopping.wait(Math.min(REJOIN_MS.most, REJOIN_MS.first * 2 ** attempt));
    await leaveBehind(member);
  }
}

/** Is in the group until it crashes, or is closed. */
async function stay(member: Membership): Promise<Error | null> {
  const { topics, stopping } = member;
  const crashes: Error[] = [];
  const inGroup = () => !member.closed && crashes.length === 0;
  member.crash = (error) => {
    crashes.push(error);
    stopping.raise();
  };
  const consumer = createConsumer(member);
  member.consumer = consumer;
  try {
    // With its coordinator gone, kafkajs may wait for an answer for ever, and neither crash nor join again.
    await inTime(JOIN_MS, async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: [topics.lifecycle, topics.telemetry] });
      await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
    });
    while (inGroup()) {
      await stopping.wait(COMMIT_EVERY_MS);
      if (inGroup()) await endOf(LEAVE_MS, () => commit(member));
    }
    return crashes[0] ?? null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    member.consumer = null;
    await endOf(LEAVE_MS, () => consumer.disconnect());
  }
}

function createConsumer(member: Membership): Consumer {
  const { createKafka, groupId, topics, partitions, crash } = member;
  const consumer = createKafka().consumer({
    groupId,
    partitionAssigners: [openAssigner(() => member.held, partitions)],
    sessionTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_MS,
    maxWaitTimeInMs: TURN_MS,
    allowAutoTopicCreation: false,
    retry: { ...FEW_RETRIES, restartOnFailure: () => Promise.resolve(false) },
  });
  const isCurrent = () => member.consumer === consumer;
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    // In this very turn of the event loop: a moment later kafkajs would fetch.
    consumer.pause([{ topic: topics.lifecycle }, { topic: topics.telemetry }]);
    if (isCurrent()) onJoined(member, payload);
  });
  consumer.on(consumer.events.HEARTBEAT, () => {
    if (isCurrent()) contact(member);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => crash(payload.error));
  return consumer;
}

function onJoined(member: Membership, joined: ConsumerGroupJoinEvent['payload']): void {
  const { groupId, topics, logger, onAssigned } = member;
  const { [topics.lifecycle]: lifecycle = [], [topics.telemetry]: telemetry = [] } = joined.memberAssignment;
  const continues = member.memberId === joined.memberId;
  member.held = lifecycle.filter((partition) => telemetry.includes(partition));
  member.memberId = joined.memberId;
  logger.info({ groupId, partitions: member.held }, 'kafka: partitions assigned');
  contact(member);
  onAssigned(member.held, continues);
}

function contact(member: Membership): void {
  member.lastContactMs = performance.now();
  member.onContact();
}

/**
 * If nothing was heard for the length of a session, the others have this process's partitions by now, or soon
 * will.
 */
function checkLease(member: Membership): void {
  if (isInSession(member) || member.memberId === null) return;
  member.logger.warn({ groupId: member.groupId }, 'kafka: the session must have ended, partitions given up');
  member.memberId = null;
  member.onAssigned([], false);
  member.crash(new Error('the session must have ended'));
}

/**
 * kafkajs joins again as a new member. If it couldn't leave, because its coordinator was gone, everybody
 * would wait for the old member's session to expire; so that member is removed as soon as there is a
 * coordinator again.
 */
async function leaveBehind(member: Membership): Promise<void> {
  const { queries, groupId, stopping, memberId: left } = member;
  while (left !== null && !isClosed(member) && isInSession(member)) {
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

async function commit({
  consumer,
  positionsToCommit,
  held,
  groupId,
  topics,
  logger,
}: Membership): Promise<void> {
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

/** A function, since its result changes while others await. */
function isClosed(member: Membership): boolean {
  return member.closed;
}

function isInSession({ lastContactMs }: Membership): boolean {
  return performance.now() - lastContactMs < SESSION_MS;
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
