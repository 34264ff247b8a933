/** Aggregators as processes of their own, on a real Kafka and a real Redis. */
import { Redis } from 'ioredis';
import { runCommand, startServer, until, type Server } from '../support/server';
import { startKafka, type KafkaCluster } from '../support/kafka';
import { startRedis, type RedisServer } from '../support/redis';

jest.setTimeout(120_000);

const PARTITIONS = 4;
/**
 * The group's session timeout, a heartbeat and the time to join: what it takes until the others have the
 * partitions.
 */
const TAKEOVER_MS = 8000;

let kafka: KafkaCluster;
let redis: RedisServer;
let settings: Readonly<Record<string, string>>;
const servers: Server[] = [];

beforeAll(async () => {
  [kafka, redis] = await Promise.all([startKafka(), startRedis(['maxmemory-policy noeviction'])]);
  settings = {
    FLEETMETER_KAFKA_BROKERS: kafka.brokers.join(','),
    FLEETMETER_REDIS_URL: redis.url,
    FLEETMETER_PARTITIONS: String(PARTITIONS),
    FLEETMETER_ROLES: 'aggregator',
  };
});
afterEach(() => Promise.all(servers.splice(0).map((server) => server.kill())));
afterAll(async () => {
  await kafka.stop();
  await redis.stop();
});

async function start(): Promise<Server> {
  const server = await startServer(settings);
  servers.push(server);
  return server;
}

async function owned({ url }: Server): Promise<number> {
  const page = await (await fetch(`${url}/metrics/process`)).text();
  return Number(/^fleetmeter_process_owned_partitions (\d+)$/m.exec(page)?.[1]);
}

function owns(server: Server, count: number): Promise<void> {
  return until(
    async () => (await owned(server)) === count,
    60_000,
    () => `it does not own ${count}: ${server.said()}`,
  );
}

test('after kill -9 of one the other has its partitions as soon as its session has ended', async () => {
  const first = await start();
  const second = await start();
  await Promise.all([owns(first, PARTITIONS / 2), owns(second, PARTITIONS / 2)]);
  await first.kill();
  const killedMs = performance.now();
  await owns(second, PARTITIONS);
  expect(performance.now() - killedMs).toBeLessThan(TAKEOVER_MS);
});

test('one with another count of partitions than the topics have does not start', async () => {
  await (await start()).kill();
  const { code, stderr } = await runCommand(['serve'], { ...settings, FLEETMETER_PARTITIONS: '5' });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^fleetmeter\.lifecycle: has 4 partitions, expected 5 \(FLEETMETER_PARTITIONS\): a topic's count never changes; export/m,
  );
});

test('one whose Redis may drop keys does not start', async () => {
  const operator = new Redis(redis.port);
  await operator.config('SET', 'maxmemory-policy', 'allkeys-lru');
  operator.disconnect();
  const { code, stderr } = await runCommand(['serve'], settings);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Redis: maxmemory-policy is allkeys-lru, expected noeviction/m);
});
