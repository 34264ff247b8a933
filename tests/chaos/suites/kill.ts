import { startKafka } from '../../support/kafka';
import { startRedis } from '../../support/redis';
import { startDeployment } from '../deployment';
import { drill, type Fault } from '../drill';
import { acknowledged, startLoad } from '../load';
import type { Options } from '../suite';

const BROKERS = 3;

/** kill -9 of aggregators, exporters and brokers in turn. Options: `kills`, `brokers` (1 or 3), `seed`. */
export async function run(options: Options): Promise<readonly string[]> {
  const kafka = await startKafka({ brokers: options.get('brokers') === 1 ? 1 : BROKERS });
  const redis = await startRedis(['maxmemory-policy noeviction']);
  try {
    const deployment = await startDeployment({ kafka, redisUrl: redis.url });
    const load = startLoad(deployment.partitions, acknowledged(deployment.log), options.get('seed') ?? 1);
    let broker = 0;
    const aggregator = (number: number): Fault => ({
      kind: 'kill -9 of an aggregator',
      backWith: 'page',
      strike: () => deployment.killAggregator(number),
    });
    const exporter = (number: number): Fault => ({
      kind: 'kill -9 of an exporter',
      backWith: 'process',
      strike: () => deployment.killExporter(number),
    });
    const brokerKill: Fault = {
      kind: 'kill -9 of a broker',
      backWith: 'page',
      strike: () => kafka.restart((broker++ % kafka.brokers.length) + 1),
    };
    const faults = [aggregator(0), exporter(0), brokerKill, aggregator(1), exporter(1)];
    const { wrong } = await drill('Kill', deployment, load, faults, options.get('kills') ?? 100);
    await load.stop();
    await deployment.stop();
    return wrong;
  } finally {
    await redis.stop();
    await kafka.stop();
  }
}
