/**
 * What can't be taken from Kafka is copied to the dead letters, with its reason, and the next good event
 * counts.
 */
import { Kafka, logLevel } from 'kafkajs';
import { partitionOf } from '../../events/routing';
import { openKafkaLog } from '../../services/log/kafka/log';
import type { AppendRecord, EventLog } from '../../services/log/port';
import { openLogger } from '../../services/process/logger';
import { foldNaively } from '../oracle/index';
import { startKafka, type KafkaCluster } from '../support/kafka';
import { validHistory } from '../support/history';
import { malformedLine } from '../support/history-malformed';
import { openRandom } from '../support/history-random';
import { readPage } from '../support/page-series';
import { startRedis, type RedisServer } from '../support/redis';
import { startServer, until, type Server } from '../support/server';

const MINUTE = 60_000;
const PARTITIONS = 8;
const MALFORMED = 1000;

let kafka: KafkaCluster;
let redis: RedisServer;
let server: Server;
let log: EventLog;

beforeAll(async () => {
  [kafka, redis] = await Promise.all([startKafka(), startRedis()]);
  server = await startServer({
    FLEETMETER_KAFKA_BROKERS: kafka.brokers.join(),
    FLEETMETER_REDIS_URL: redis.url,
  });
  const logger = openLogger('silent');
  log = openKafkaLog({
    brokers: kafka.brokers,
    clientId: 'test',
    groupId: 'test',
    partitions: PARTITIONS,
    logger,
  });
}, 3 * MINUTE);

afterAll(async () => {
  await log.close();
  await server.kill();
  await Promise.all([kafka.stop(), redis.stop()]);
});

interface Letter {
  readonly reason: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value?: string;
  readonly value_base64?: string;
  readonly bytes: number;
}

const MOST_BYTES = 64_000;

/** What a letter has of the record's value. */
function bytesOf({ value, value_base64: base64 }: Letter): Buffer {
  return base64 === undefined ? Buffer.from(value ?? '') : Buffer.from(base64, 'base64');
}

async function readLetters(): Promise<Letter[]> {
  const bounds = await log.bounds('dead-letter');
  if (bounds.kind === 'unavailable') throw new Error(bounds.detail);
  const letters: Letter[] = [];
  for (const [partition, { start, end }] of bounds.partitions.entries()) {
    for await (const records of log.read('dead-letter', partition, start, end)) {
      for (const { value } of records) letters.push(JSON.parse(String(value)) as Letter);
    }
  }
  return letters;
}

function submitted(run: string): string {
  return JSON.stringify({
    specversion: '1.0',
    id: run,
    source: '/test',
    type: 'fleetmeter.run.submitted.v1',
    time: new Date().toISOString(),
    data: { project: run, user: 'ann', run: { id: run, name: 'train', type: 'task' } },
  });
}

async function append(...records: AppendRecord[]): Promise<void> {
  expect(await log.append(records)).toEqual({ kind: 'appended' });
}

function record(key: string, value: string, partition = partitionOf(key, PARTITIONS)): AppendRecord {
  return { topic: 'lifecycle', key, partition, value: Buffer.from(value) };
}

async function countOf(project: string): Promise<number | undefined> {
  const page = readPage(await (await fetch(`${server.url}/metrics`)).text());
  return page.get(`dstack_run_count_total{dstack_project_name="${project}",dstack_user_name="ann"}`);
}

async function waitForCount(project: string): Promise<void> {
  await until(
    async () => (await countOf(project)) === 1,
    MINUTE,
    () => `${project} does not count: ${server.said()}`,
  );
}

/** The reasons that an oracle gives for lines that are invalid by themselves, whatever the log. */
function invalidLines(): { line: string; reason: string }[] {
  const random = openRandom(7);
  const events = validHistory(7, 100);
  const settings = { partitions: 1, latenessMs: 1e15, dedupeMs: 1e15, sampleTtlMs: 1 };
  const found: { line: string; reason: string }[] = [];
  for (let id = 0; found.length < MALFORMED; id++) {
    const event = random.pick(events);
    const line = malformedLine(random, event, `malformed-${String(id)}`);
    // Kafka takes up to 1,048,588 bytes; what is larger never gets to a log.
    if (line.trim() === '' || Buffer.byteLength(line) > 1_040_000) continue;
    const [dead] = foldNaively([line], settings).dead;
    if (dead !== undefined) found.push({ line, reason: dead.reason });
  }
  return found;
}

test(
  `${String(MALFORMED)} malformed records get their reasons, and the next good event counts`,
  async () => {
    const invalid = invalidLines();
    await append(
      ...invalid.map(({ line }, i) => record(`k${String(i)}`, line, i % PARTITIONS)),
      record('good', submitted('good')),
    );
    await waitForCount('good');
    let letters: Letter[] = [];
    await until(
      async () => (letters = await readLetters()).length >= MALFORMED,
      MINUTE,
      () => `only ${String(letters.length)} dead letters`,
    );
    expect(letters).toHaveLength(MALFORMED);

    // A partition's records keep their order: the nth dead letter of a partition is of its nth malformed
    // record.
    const sorted = [...letters].sort((a, b) => a.partition - b.partition || a.offset - b.offset);
    const expected = Array.from({ length: PARTITIONS }, (_, partition) =>
      invalid.filter((_, i) => i % PARTITIONS === partition),
    ).flat();
    expect(sorted.map(({ reason }) => reason)).toEqual(expected.map(({ reason }) => reason));
    for (const [i, letter] of sorted.entries()) {
      const bytes = Buffer.from(expected[i]?.line ?? '');
      expect(letter.topic).toBe('fleetmeter.lifecycle');
      expect(letter.bytes).toBe(bytes.length);
      expect(bytesOf(letter).equals(bytes.subarray(0, MOST_BYTES))).toBe(true);
    }
    // The log was empty before.
    expect(sorted.map(({ partition, offset }) => `${String(partition)}/${String(offset)}`)).toEqual(
      Array.from({ length: PARTITIONS }, (_, partition) =>
        Array.from(
          { length: MALFORMED / PARTITIONS },
          (_, offset) => `${String(partition)}/${String(offset)}`,
        ),
      ).flat(),
    );
  },
  4 * MINUTE,
);

test(
  'what is no text, no value or very long is a dead letter too',
  async () => {
    const values: (Buffer | null)[] = [
      null,
      Buffer.alloc(0),
      Buffer.from([0xff, 0xfe, 0x00, 0x80]),
      // The cut goes through a character.
      Buffer.from(`x${'😀'.repeat(100_000)}`),
    ];
    const producer = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    for (const [i, value] of values.entries()) {
      for (const topic of ['fleetmeter.lifecycle', 'fleetmeter.telemetry']) {
        await producer.send({ topic, messages: [{ key: `odd-${String(i)}`, value, partition: i }] });
      }
    }
    await producer.disconnect();
    const odd = async (): Promise<Letter[]> =>
      (await readLetters()).filter(({ key }) => key?.startsWith('odd-') ?? false);
    let letters: Letter[] = [];
    await until(
      async () => (letters = await odd()).length >= 2 * values.length,
      MINUTE,
      () => `only ${String(letters.length)} dead letters: ${server.said()}`,
    );
    expect(letters).toHaveLength(2 * values.length);
    for (const letter of letters) {
      const value = values[letter.partition] ?? Buffer.alloc(0);
      expect(letter).toMatchObject({
        reason: 'invalid_json',
        key: `odd-${String(letter.partition)}`,
        bytes: value.length,
      });
      expect(bytesOf(letter).equals(value.subarray(0, MOST_BYTES))).toBe(true);
    }
    expect(new Set(letters.map(({ topic }) => topic))).toEqual(
      new Set(['fleetmeter.lifecycle', 'fleetmeter.telemetry']),
    );
  },
  2 * MINUTE,
);

test(
  'a record on another partition than its own is copied there, and counts once',
  async () => {
    const right = partitionOf('astray', PARTITIONS);
    await append(record('astray', submitted('astray'), (right + 1) % PARTITIONS));
    await waitForCount('astray');
    await append(record('astray', submitted('astray'), (right + 2) % PARTITIONS));
    await append(record('last', submitted('last')));
    await waitForCount('last');
    expect(await countOf('astray')).toBe(1);
    const { said } = server;
    expect(said()).not.toContain('"level":60');
  },
  2 * MINUTE,
);
