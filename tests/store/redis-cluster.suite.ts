/** By hand: `npm run test:cluster`. Six servers, and a node timeout to wait for. */
import pino from 'pino';
import { openRedisStore, type RedisStore } from '../../services/store/redis/store';
import { type RedisCluster, startCluster } from '../support/cluster';
import { stateStoreContract } from './contract';
import { PARTITIONS, changesOf, load, shown, takeOver } from './world';

jest.setTimeout(120_000);

const logger = pino({ level: 'silent' });
let cluster: RedisCluster;
let worlds = 0;

function open(prefix: string): RedisStore {
  return openRedisStore({ url: cluster.url, partitions: PARTITIONS, prefix, logger });
}

beforeAll(async () => {
  cluster = await startCluster([
    'maxmemory-policy noeviction',
    'min-replicas-to-write 1',
    'min-replicas-max-lag 2',
  ]);
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

test('a failover is followed, the owner before is fenced, and nothing is shown until the next one has caught up', async () => {
  const store = open('failover');
  const owner = await takeOver(store);
  await owner.commit([shown('a', '1')]);
  await cluster.killPrimaryOf('failover:1:{0}:head');
  const answered = async <T extends { readonly kind: string }>(ask: () => Promise<T>): Promise<T> => {
    for (;;) {
      const answer = await ask();
      if (answer.kind !== 'unavailable') return answer;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  expect(await answered(() => store.commit(owner.next()))).toEqual({ kind: 'stale' });
  expect(await changesOf(store, null)).toMatchObject({ kind: 'unavailable' });
  const acquired = await answered(() => store.acquire(0));
  expect(acquired).toMatchObject({ kind: 'acquired', counter: 1, behind: true });
  await (await takeOver(store)).commit([shown('b', '1')]);
  expect(await load(store)).toEqual(new Map(Object.entries({ a: '1', b: '1' })));
  await store.close();
});
