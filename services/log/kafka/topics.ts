import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigResourceTypes, KafkaJSProtocolError } from 'kafkajs';
import type { Admin } from 'kafkajs';
import { TOPIC_NAMES } from '../../../events/routing';
import type { Topic } from '../port';
import { DEAD_LETTERS_MS } from '../retention';
import type { TelemetryRetention } from '../retention';
import { openClients, errorMessage, FEW_RETRIES } from './client';
import type { KafkaConnection } from './client';

/** The topics' names on the brokers. */
export type TopicNames = Readonly<Record<Topic, string>>;

export interface TopicsOptions extends KafkaConnection {
  readonly partitions: number;
  readonly telemetry: TelemetryRetention;
  /** Default: the contract's names. */
  readonly topics?: TopicNames;
}

export interface TopicProblem {
  /** Its name on the brokers. */
  readonly topic: string;
  /** One line: what it is, and what it should be. */
  readonly problem: string;
}

export type TopicsAnswer =
  | {
      readonly kind: 'topics';
      readonly created: readonly string[];
      readonly problems: readonly TopicProblem[];
    }
  | { readonly kind: 'unavailable'; readonly detail: string };

const DAY_MS = 24 * 60 * 60 * 1000;
const TOPICS = ['lifecycle', 'telemetry', 'dead-letter'] as const;
/** With three brokers or more: three copies, two of which must have a record before it is acknowledged. */
const REPLICAS = 3;
const MIN_IN_SYNC = 2;
/**
 * An event has up to 1,000,000 bytes; the 48,588 more are for its key (up to 384 bytes), headers and the
 * batch around it. It is Kafka's own default, so a producer with default settings may send all that fits. A
 * larger event can't reach the log.
 */
const MAX_MESSAGE_BYTES = 1_048_588;
/** Beyond this, one fetch of a partition would no longer be bounded by the fetcher's budget. */
const MOST_MESSAGE_BYTES = 8 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const READY_EVERY_MS = 100;
const NOT_READY_YET = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
]);
const MISSING = 'is missing; `fleetmeter topics` creates it';

/** Settings that all topics must have. LogAppendTime makes a record's time the log's, not its producer's. */
const SETTINGS: readonly (readonly [string, string])[] = [
  ['cleanup.policy', 'delete'],
  ['message.timestamp.type', 'LogAppendTime'],
  ['max.message.bytes', String(MAX_MESSAGE_BYTES)],
  ['unclean.leader.election.enable', 'false'],
];
/** Only closed segments are deleted, so a segment must be a fraction of what is kept. */
const SEGMENTS = 6;
const SEGMENT_MS = { least: 60_000, most: DAY_MS / 4 };
const SEGMENT_BYTES = { least: 16 * 1024 * 1024, most: 1024 * 1024 * 1024 };

/** The lifecycle is kept for ever. */
function retentionOf(topic: Topic, { ageMs, bytes }: TelemetryRetention): Record<string, number> {
  switch (topic) {
    case 'lifecycle':
      return { 'retention.ms': -1, 'retention.bytes': -1 };
    case 'dead-letter':
      return { 'retention.ms': DEAD_LETTERS_MS, 'retention.bytes': -1 };
    case 'telemetry':
      return {
        'retention.ms': ageMs,
        'retention.bytes': bytes ?? -1,
        'segment.ms': segmentOf(ageMs, SEGMENT_MS),
        ...(bytes === undefined ? {} : { 'segment.bytes': segmentOf(bytes, SEGMENT_BYTES) }),
      };
  }
}

function segmentOf(kept: number, { least, most }: typeof SEGMENT_MS): number {
  return Math.max(least, Math.min(most, Math.floor(kept / SEGMENTS)));
}

/** Creates missing topics, and checks all. Existing ones are not altered: what is wrong is in `problems`. */
export async function createTopics(options: TopicsOptions): Promise<TopicsAnswer> {
  return withAdmin(options, async (admin) => {
    const { brokers } = await admin.describeCluster();
    const existing = new Set(await admin.listTopics());
    const replicas = Math.min(brokers.length, REPLICAS);
    const missing = TOPICS.filter((topic) => !existing.has(nameOf(options, topic)));
    if (missing.length > 0) {
      await admin.createTopics({
        waitForLeaders: false,
        topics: missing.map((topic) => ({
          topic: nameOf(options, topic),
          numPartitions: options.partitions,
          replicationFactor: replicas,
          configEntries: [...wanted(topic, options.telemetry, replicas)].map(([name, value]) => ({
            name,
            value,
          })),
        })),
      });
    }
    const created = missing.map((topic) => nameOf(options, topic));
    const problems = await whenReady(async () => {
      // Asks the leader of each partition.
      for (const topic of created) await admin.fetchTopicOffsets(topic);
      return problemsOf(admin, options);
    });
    return { kind: 'topics', created, problems };
  });
}

/**
 * All topics exist, but a broker may not know yet: each learns separately of a new topic, and of what it
 * leads.
 */
async function whenReady(problems: () => Promise<TopicProblem[]>): Promise<TopicProblem[]> {
  const endMs = performance.now() + REQUEST_TIMEOUT_MS;
  for (;;) {
    try {
      const found = await problems();
      if (!found.some(({ problem }) => problem === MISSING) || performance.now() > endMs) return found;
    } catch (error) {
      if (!isNotReadyYet(error) || performance.now() > endMs) throw error;
    }
    await sleep(READY_EVERY_MS);
  }
}

function isNotReadyYet(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof KafkaJSProtocolError && NOT_READY_YET.has(cause.type)) return true;
  }
  return false;
}

/** Compares the topics with what they should be; `created` is empty. */
export async function checkTopics(options: TopicsOptions): Promise<TopicsAnswer> {
  return withAdmin(options, async (admin) => ({
    kind: 'topics',
    created: [],
    problems: await problemsOf(admin, options),
  }));
}

async function withAdmin(
  options: TopicsOptions,
  act: (admin: Admin) => Promise<TopicsAnswer>,
): Promise<TopicsAnswer> {
  const createKafka = openClients(options, REQUEST_TIMEOUT_MS);
  let detail = '';
  for (const _broker of options.brokers) {
    const admin = createKafka().admin({ retry: FEW_RETRIES });
    try {
      await admin.connect();
      return await act(admin);
    } catch (error) {
      detail = `Kafka at ${options.brokers.join(', ')}: ${errorMessage(error)}`;
    } finally {
      await admin.disconnect();
    }
  }
  return { kind: 'unavailable', detail };
}

function nameOf({ topics = TOPIC_NAMES }: TopicsOptions, topic: Topic): string {
  return topics[topic];
}

function wanted(topic: Topic, telemetry: TelemetryRetention, replicas: number): ReadonlyMap<string, string> {
  const all = new Map(SETTINGS);
  for (const [name, value] of Object.entries(retentionOf(topic, telemetry))) all.set(name, String(value));
  if (replicas >= REPLICAS) all.set('min.insync.replicas', String(MIN_IN_SYNC));
  return all;
}

async function problemsOf(admin: Admin, options: TopicsOptions): Promise<TopicProblem[]> {
  const { brokers } = await admin.describeCluster();
  const existing = new Set(await admin.listTopics());
  const problems: TopicProblem[] = [];
  for (const topic of TOPICS) {
    const name = nameOf(options, topic);
    if (!existing.has(name)) {
      problems.push({ topic: name, problem: MISSING });
      continue;
    }
    for (const problem of await problemsOfTopic(admin, options, topic, Math.min(brokers.length, REPLICAS))) {
      problems.push({ topic: name, problem });
    }
  }
  return problems;
}

async function problemsOfTopic(
  admin: Admin,
  options: TopicsOptions,
  topic: Topic,
  mostReplicas: number,
): Promise<string[]> {
  const name = nameOf(options, topic);
  const problems: string[] = [];
  const metadata = await admin.fetchTopicMetadata({ topics: [name] });
  const partitions = metadata.topics.flatMap((found) => found.partitions);
  if (partitions.length !== options.partitions) {
    problems.push(
      `has ${partitions.length} partitions, expected ${options.partitions} (FLEETMETER_PARTITIONS): a topic's count never ` +
        'changes; export the events and import them into new topics',
    );
  }
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
  if (replicas < mostReplicas) problems.push(`has ${replicas} replicas, expected ${mostReplicas}`);

  const actual = await configOf(admin, name);
  for (const [key, value] of wanted(topic, options.telemetry, replicas)) {
    const found = actual.get(key) ?? '';
    if (!isAsWanted(key, found, value)) problems.push(`${key} is ${found || 'not set'}, expected ${value}`);
  }
  return problems;
}

function isAsWanted(key: string, found: string, value: string): boolean {
  switch (key) {
    case 'max.message.bytes':
      return Number(found) >= Number(value) && Number(found) <= MOST_MESSAGE_BYTES;
    case 'min.insync.replicas':
      return Number(found) >= Number(value);
    case 'segment.ms':
    case 'segment.bytes':
      return Number(found) <= Number(value) * SEGMENTS;
    default:
      return found === value;
  }
}

async function configOf(admin: Admin, topic: string): Promise<Map<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
  });
  const entries = resources.flatMap((resource) => resource.configEntries);
  return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
}
