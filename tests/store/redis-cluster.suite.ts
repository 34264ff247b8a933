/** By hand: `npm run test:cluster`. Six servers, and a node timeout to wait for. */
import pino from 'pino';
import { openRedisStore, type RedisStore } from '../../services/store/redis/store';
import { type RedisCluster, startCluster } from '../support/cluster';
import { stateStoreContract } from './contract';
import { WITH_REPLICAS, testFailover } from './failover';
import { PARTITIONS } from './world';

jest.setTimeout(120_000);

const logger = pino({ level: 'silent' });
let cluster: RedisCluster;
let worlds = 0;

function open(prefix: string): RedisStore {
  return openRedisStore({ url: cluster.url, partitions: PARTITIONS, prefix, logger });
}

beforeAll(async () => {
  cluster = await startCluster(WITH_REPLICAS);
});

afterAll(() => cluster.stop());

stateStoreContract('redis cluster', () => {
  const prefix = `fleetmeter:${++worlds}`;
  return { open: () => open(prefix), openOther: () => open(`${prefix}-other`), end: () => undefined };
});

test('the check finds nothing wrong', async () => {
  const store = open('check');
  expect(await store.check()).toEqual({ kind: 'checked', problems: [], warnings: [] });
  await store.close();
});

testFailover(open, () => cluster.killPrimaryOf('failover:1:{0}:head'));
