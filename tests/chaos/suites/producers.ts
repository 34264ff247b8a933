import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { TOPIC_NAMES } from '../../../events/routing';
import type { AppendRecord } from '../../../services/log/port';
import { startRedis } from '../../support/redis';
import type { KafkaCluster } from '../../support/kafka';
import { withLab } from '../lab';
import type { Send } from '../load';
import type { Options } from '../suite';
import { printTable } from '../table';

/** How a producer chooses a partition, where it is not told. */
type Partitioner = 'murmur2' | 'crc32' | 'no key';
const PARTITIONERS: readonly Partitioner[] = ['murmur2', 'crc32', 'no key'];
/** Held back so long at most, so that later records overtake. */
const HELD_MS = 2000;

interface Counts {
  records: number;
  repeats: number;
  misplaced: number;
  heldBack: number;
}

/**
 * Producers that send records twice, out of order and to other partitions than their own: the Java client's
 * partitioner, librdkafka's (CRC32), and none, since there is no key. Options: `seconds`, `seed`.
 */
export async function run(options: Options): Promise<readonly string[]> {
  const seconds = options.get('seconds') ?? 90;
  const redis = await startRedis(['maxmemory-policy noeviction']);
  const counts: Counts = { records: 0, repeats: 0, misplaced: 0, heldBack: 0 };
  const producers: Producer[] = [];
  try {
    return await withLab(
      {
        redisUrl: redis.url,
        seed: options.get('seed') ?? 1,
        send: async (kafka, { partitions }) => {
          const producer = await connect(kafka);
          producers.push(producer);
          return careless(producer, partitions, counts);
        },
      },
      async ({ deployment, load }) => {
        await delay(seconds * 1000);
        await load.pause();
        await delay(HELD_MS + 500);
        const wrong = await deployment.differences();
        const { fallen, pages } = deployment.prometheus;
        printTable(
          'Producers: Java murmur2, CRC32 and no key, in turn',
          ['records', 'sent twice', 'misplaced', 'held back', 'pages', 'differences', 'decreases'],
          [
            [
              counts.records,
              counts.repeats,
              counts.misplaced,
              counts.heldBack,
              pages,
              wrong.length,
              fallen.length,
            ].map(String),
          ],
        );
        return [...wrong, ...fallen];
      },
    );
  } finally {
    await Promise.all(producers.map((producer) => producer.disconnect()));
    await redis.stop();
  }
}

async function connect(kafka: KafkaCluster): Promise<Producer> {
  const client = new Kafka({ clientId: 'careless', brokers: [...kafka.brokers], logLevel: logLevel.NOTHING });
  const producer = client.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  return producer;
}

function careless(producer: Producer, partitions: number, counts: Counts): Send {
  async function send(record: AppendRecord, partitioner: Partitioner): Promise<void> {
    const partition = partitionBy(partitioner, record, partitions);
    counts.records++;
    if (partition !== record.partition) counts.misplaced++;
    const key = partitioner === 'no key' ? null : record.key;
    const topic = record.topic === 'telemetry' ? TOPIC_NAMES.telemetry : TOPIC_NAMES.lifecycle;
    await producer.send({ topic, acks: -1, messages: [{ key, value: record.value, partition }] });
  }

  return async (records) => {
    await Promise.all(
      records.map(async (record) => {
        const partitioner = PARTITIONERS[counts.records % PARTITIONERS.length] ?? 'murmur2';
        if (Math.random() < 0.2) {
          counts.heldBack++;
          setTimeout(() => void send(record, partitioner), Math.random() * HELD_MS);
        } else await send(record, partitioner);
        if (Math.random() > 0.2) return;
        counts.repeats++;
        await send(record, PARTITIONERS[counts.repeats % PARTITIONERS.length] ?? 'murmur2');
      }),
    );
  };
}

function partitionBy(partitioner: Partitioner, { key, partition }: AppendRecord, partitions: number): number {
  switch (partitioner) {
    case 'murmur2':
      return partition;
    case 'crc32':
      return crc32(key) % partitions;
    case 'no key':
      return Math.floor(Math.random() * partitions);
    default:
      return partitioner satisfies never;
  }
}
