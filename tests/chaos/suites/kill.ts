import type { KafkaCluster } from '../../support/kafka';
import { startRedis } from '../../support/redis';
import type { Deployment } from '../deployment';
import { drill, type Fault } from '../drill';
import { withLab } from '../lab';
import type { Options } from '../suite';

/** kill -9 of aggregators, exporters and brokers in turn. Options: `kills`, `brokers` (1 or 3), `seed`. */
export async function run(options: Options): Promise<readonly string[]> {
  const redis = await startRedis(['maxmemory-policy noeviction']);
  const brokers = options.get('brokers') === 1 ? 1 : 3;
  try {
    return await withLab(
      { kafka: { brokers }, redisUrl: redis.url, seed: options.get('seed') ?? 1 },
      ({ kafka, deployment, load }) =>
        drill('Kill', deployment, load, faultsOf(kafka, deployment), options.get('kills') ?? 100),
    );
  } finally {
    await redis.stop();
  }
}

function faultsOf(kafka: KafkaCluster, deployment: Deployment): Fault[] {
  let broker = 0;
  const aggregator = (number: number): Fault => ({
    kind: 'kill -9 of an aggregator',
    measures: 'page',
    strike: () => deployment.killAggregator(number),
  });
  const exporter = (number: number): Fault => ({
    kind: 'kill -9 of an exporter',
    measures: 'process',
    strike: () => deployment.killExporter(number),
  });
  const brokerOf = (): Fault => ({
    kind: 'kill -9 of a broker',
    measures: 'page',
    strike: () => kafka.restart((broker++ % kafka.brokers.length) + 1),
  });
  return [aggregator(0), exporter(0), brokerOf(), aggregator(1), exporter(1)];
}
