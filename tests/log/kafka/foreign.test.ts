/**
 * Records that other clients wrote: any compression, no key, transactions, bombs; and records that expired.
 */
import { CompressionTypes, Kafka, logLevel, type Producer } from 'kafkajs';
import type { EventLog } from '../../../services/log/port';
import { startKafka, type KafkaCluster } from '../../support/kafka';
import { failOnFatal, numbered, readAll, valuesOf } from '../contract';
import { openWitness } from '../owner';
import { until } from '../until';
import { makeTopics, type TestTopics } from './support';

jest.setTimeout(120_000);

let kafka: KafkaCluster;
let client: Kafka;
let topics: TestTopics;
let log: EventLog;

beforeAll(async () => {
  kafka = await startKafka();
  client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING });
});
afterAll(() => kafka.stop());
beforeEach(async () => {
  topics = await makeTopics(kafka, 1);
  log = topics.open();
});
afterEach(() => log.close());

async function produce(
  settings: Parameters<Kafka['producer']>[0],
  act: (producer: Producer) => Promise<unknown>,
) {
  const producer = client.producer({ ...settings, allowAutoTopicCreation: false });
  await producer.connect();
  await act(producer);
  await producer.disconnect();
}

describe('compressed by the Java client', () => {
  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('%s', async (codec) => {
    const values = Array.from({ length: 500 }, (_, i) => `{"n":${i},"text":"${'abc'.repeat(i % 40)}"}`);
    await kafka.java(
      'org.apache.kafka.tools.ConsoleProducer',
      [
        ...['--bootstrap-server', kafka.brokers.join(), '--topic', topics.names.lifecycle],
        ...['--compression-codec', codec, '--batch-size', '10000'],
      ],
      values.join('\n') + '\n',
    );
    const witness = openWitness();
    await log.own(witness.owner, failOnFatal);
    await until('all has come', () => witness.position('lifecycle', 0) === values.length);
    expect(witness.taken('lifecycle', 0)).toEqual(values);
    const records = await readAll(log, 'lifecycle', 0, 100, 400);
    expect(records.map(({ value }) => value?.toString())).toEqual(values.slice(100, 400));
    expect(records.every(({ key }) => key === null)).toBe(true);
    expect(witness.faults).toEqual([]);
  });
});

test('a batch that unpacks to too much is one record without a value, and the log goes on behind it', async () => {
  await log.append(numbered('lifecycle', 0, 2));
  const megabyte = Buffer.alloc(1_000_000);
  await produce({}, (producer) =>
    producer.send({
      topic: topics.names.lifecycle,
      compression: CompressionTypes.GZIP,
      messages: Array.from({ length: 40 }, () => ({ value: megabyte })),
    }),
  );
  await log.append(numbered('lifecycle', 0, 2, 2));
  const records = await readAll(log, 'lifecycle', 0);
  expect(records.map(({ value }) => value?.toString() ?? null)).toEqual([
    'lifecycle-0-0',
    'lifecycle-0-1',
    null,
    'lifecycle-0-2',
    'lifecycle-0-3',
  ]);
  expect(records[2]).toMatchObject({
    offset: 2,
    unreadable: expect.stringContaining('larger than') as string,
  });
  expect(records[3]).toMatchObject({ offset: 42 });
});

test('what a transaction wrote is delivered once it is committed, and never where it was aborted', async () => {
  const { lifecycle } = topics.names;
  const witness = openWitness();
  await log.own(witness.owner, failOnFatal);
  await produce(
    { transactionalId: topics.groupId, maxInFlightRequests: 1, idempotent: true },
    async (producer) => {
      for (const [value, commits] of [
        ['first', true],
        ['aborted', false],
        ['second', true],
        ['aborted too', false],
      ] as const) {
        const transaction = await producer.transaction();
        await transaction.send({
          topic: lifecycle,
          messages: [
            { key: 'k', value },
            { key: 'k', value },
          ],
        });
        await (commits ? transaction.commit() : transaction.abort());
      }
    },
  );
  const bounds = await log.bounds('lifecycle');
  const end = bounds.kind === 'bounds' ? (bounds.partitions[0]?.end ?? -1) : -1;
  expect(end).toBe(12); // eight records and four markers
  await until('the owner is at the end', () => witness.position('lifecycle', 0) === end);
  expect(witness.taken('lifecycle', 0)).toEqual(['first', 'first', 'second', 'second']);
  const read = await readAll(log, 'lifecycle', 0, 0, end);
  expect(read.map(({ value }) => value?.toString())).toEqual(['first', 'first', 'second', 'second']);
  expect(await readAll(log, 'lifecycle', 0, 8, end)).toEqual([]);
  expect(witness.faults).toEqual([]);
});

describe('records that were deleted', () => {
  async function deleteBefore(topic: string, offset: number): Promise<void> {
    const admin = client.admin();
    await admin.connect();
    await admin.fetchTopicOffsets(topic); // loads the metadata that the next call takes for granted
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] });
    await admin.disconnect();
  }

  test('telemetry goes on at its start', async () => {
    await log.append(numbered('telemetry', 0, 10));
    await deleteBefore(topics.names.telemetry, 6);
    const witness = openWitness();
    await log.own(witness.owner, failOnFatal);
    await until('the rest has come', () => witness.position('telemetry', 0) === 10);
    expect(witness.taken('telemetry', 0)).toEqual(valuesOf(numbered('telemetry', 0, 4, 6)));
    expect(witness.diverged).toEqual([]);
  });

  test('lifecycle is told as lost history', async () => {
    await log.append(numbered('lifecycle', 0, 10));
    await deleteBefore(topics.names.lifecycle, 6);
    const witness = openWitness();
    await log.own(witness.owner, failOnFatal);
    await until('it is told', () => witness.diverged.length > 0);
    expect(witness.diverged[0]).toContain('position 0 is not on the log, which has 6 to 10');
    expect(witness.taken('lifecycle', 0)).toEqual([]);
    expect(await log.bounds('lifecycle')).toMatchObject({ partitions: [{ start: 6, end: 10 }] });
    await expect(readAll(log, 'lifecycle', 0, 5)).rejects.toThrow('begins at 6');
  });
});
