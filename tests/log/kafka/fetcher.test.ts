/**
 * Which partitions a fetch brings, from a broker that fills its answer in the order in which it is asked, as
 * Kafka does.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { FetchedPartition, FetchPartition, FetchRequest } from '../../../services/log/kafka/fetch';
import { openFetcher } from '../../../services/log/kafka/fetcher';
import type { Transport } from '../../../services/log/kafka/transport';
import { failOnFatal } from '../contract';
import { until } from '../until';
import { silent } from './support';

const NAMES = { lifecycle: 'l', telemetry: 't', 'dead-letter': 'd' };
const PARTITIONS = 24;
/** Of both topics; each alone would fill a fetch. */
const HOT = 12;
const CONTROL = 0x20;

/**
 * A transaction's marker, and as large as was asked for: passed without a record, so that more is wanted at
 * once.
 */
function batchAt({ offset, maxBytes }: FetchPartition): Buffer {
  const bytes = Buffer.alloc(maxBytes);
  bytes.writeBigInt64BE(BigInt(offset), 0);
  bytes.writeInt32BE(maxBytes - 12, 8);
  bytes.writeInt8(2, 16);
  bytes.writeInt16BE(CONTROL, 21);
  return bytes;
}

function brokerWith(isHot: (asked: FetchPartition) => boolean): Transport & { fetches(): number } {
  const numbers = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  let fetches = 0;
  return {
    fetches: () => fetches,
    leaders: () => Promise.resolve(new Map([['1', numbers]])),
    async fetch(_leader, { maxBytes, partitions }: FetchRequest) {
      fetches++;
      await breathe();
      let left = maxBytes;
      return partitions.map((asked): FetchedPartition => {
        const has = isHot(asked) || asked.offset === 0;
        const records = has && left > 0 ? batchAt(asked) : Buffer.alloc(0);
        left -= records.length;
        const { topic, partition } = asked;
        return { topic, partition, errorCode: 0, lastStableOffset: 0, aborted: [], records };
      });
    },
    offsets: () => Promise.resolve(numbers.map(() => 0)),
    recover: () => Promise.resolve(),
    leaveGroup: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

test('partitions that always have more do not keep the others waiting', async () => {
  const broker = brokerWith(({ partition }) => partition < HOT);
  const fetched = new Set<number>();
  const hooks = { onFetched: (partition: number) => void fetched.add(partition), onFatal: failOnFatal };
  const fetcher = openFetcher(broker, NAMES, PARTITIONS, hooks, silent);
  for (let partition = 0; partition < PARTITIONS; partition++)
    fetcher.feed.seek(partition, { lifecycle: 0, telemetry: 0 });
  await until('there were a few fetches', () => broker.fetches() > 12);
  await fetcher.close();
  expect([...fetched].sort((a, b) => a - b)).toEqual(Array.from({ length: PARTITIONS }, (_, n) => n));
});
