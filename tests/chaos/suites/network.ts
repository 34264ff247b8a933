import { setTimeout as delay } from 'node:timers/promises';
import { startProxy, type Proxy } from '../../support/proxy';
import { startRedis } from '../../support/redis';
import { drill, type Fault } from '../drill';
import { withLab } from '../lab';
import type { Options } from '../suite';

const LAST_MS = 8000;

/**
 * Faults of the network between the aggregators and Redis, and between them and Kafka. Options: `faults`,
 * `seed`.
 */
export async function run(options: Options): Promise<readonly string[]> {
  const redis = await startRedis(['maxmemory-policy noeviction']);
  const toRedis = await startProxy({ host: '127.0.0.1', port: redis.port });
  const kafkaProxies: Proxy[] = [];
  try {
    return await withLab(
      {
        redisUrl: redis.url,
        seed: options.get('seed') ?? 1,
        kafka: {
          proxiedBy: async (port) => {
            const proxy = await startProxy({ host: '127.0.0.1', port });
            kafkaProxies.push(proxy);
            return proxy.port;
          },
        },
        aggregatorSettings: ({ proxiedBrokers }) => ({
          FLEETMETER_KAFKA_BROKERS: proxiedBrokers.join(','),
          FLEETMETER_REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
        }),
      },
      ({ deployment, load }) => {
        const toKafka = kafkaProxies.flatMap((proxy) => faultsOf('Kafka', proxy, () => true));
        const faults = faultsOf('Redis', toRedis, isCommit).flatMap((fault, kind) => [
          fault,
          ...toKafka.slice(kind, kind + 1),
        ]);
        return drill('Network', deployment, load, faults, options.get('faults') ?? 24);
      },
    );
  } finally {
    await Promise.all([toRedis, ...kafkaProxies].map((proxy) => proxy.close()));
    await redis.stop();
  }
}

/** Only a commit carries the fold's scalars. */
function isCommit(bytes: Buffer): boolean {
  return bytes.includes('"scalars"');
}

function faultsOf(where: string, proxy: Proxy, isRequest: (bytes: Buffer) => boolean): Fault[] {
  const lasting = (kind: string, begin: () => void): Fault => ({
    kind: `${where}: ${kind}`,
    measures: 'after its end',
    async strike() {
      begin();
      await delay(LAST_MS);
      proxy.heal();
    },
  });
  return [
    {
      kind: `${where}: reset before an answer`,
      measures: 'page',
      async strike() {
        proxy.resetAfter(isRequest);
        while (!proxy.isWell()) await delay(20);
      },
    },
    lasting('half-open', () => proxy.halfOpen()),
    lasting('2 s of latency', () => proxy.delay(1000)),
    lasting('10 % of answers cut', () => proxy.cutReplies(0.1)),
  ];
}
