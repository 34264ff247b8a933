import pino from 'pino';
import { openRedisStore, type RedisStore } from '../../services/store/redis/store';
import { startRedis } from '../support/redis';
import { type SentinelSetup, startSentinelSetup } from '../support/sentinel';
import { stateStoreContract } from './contract';
import { PARTITIONS, changesOf, load, shown, takeOver } from './world';

jest.setTimeout(120_000);

const logger = pino({ level: 'silent' });
let setup: SentinelSetup;
let worlds = 0;

function open(prefix: string): RedisStore {
  return openRedisStore({ url: setup.url, partitions: PARTITIONS, prefix, logger });
}

beforeAll(async () => {
  setup = await startSentinelSetup({
    replicas: 1,
    downAfterMs: 3000,
    config: ['maxmemory-policy noeviction', 'min-replicas-to-write 1', 'min-replicas-max-lag 2'],
  });
});

afterAll(() => setup.stop());

stateStoreContract('redis behind sentinels', () => {
  const prefix = `fleetmeter:${++worlds}`;
  return { open: () => open(prefix), openOther: () => open(`${prefix}-other`), end: () => undefined };
});

describe('a failover', () => {
  test('is followed to the new primary, where the owner before is fenced and nothing shown until it caught up', async () => {
    const store = open('failover');
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    await setup.failover();
    while ((await store.clock()).kind !== 'clock') await new Promise((resolve) => setTimeout(resolve, 10));
    // The old primary refuses, since its replica is gone; the new one says that it is another server.
    while ((await changesOf(store, null)).kind === 'delta')
      await new Promise((resolve) => setTimeout(resolve, 10));
    let late = await store.commit(owner.next());
    while (late.kind === 'unavailable') late = await store.commit(owner.next());
    expect(late).toEqual({ kind: 'stale' });
    const after = await takeOver(store);
    expect(after).toMatchObject({ counter: 1, behind: true });
    await after.commit([shown('b', '1')]);
    expect(await load(store)).toEqual(new Map(Object.entries({ a: '1', b: '1' })));
    await store.close();
  });
});

describe('the check', () => {
  test('finds nothing wrong with a setup as it should be', async () => {
    const store = open('check');
    expect(await store.check()).toEqual({ kind: 'checked', problems: [], warnings: [] });
    await store.close();
  });

  test('compares how long a cut-off primary answers with when the sentinels call it down', async () => {
    const other = await startSentinelSetup({
      replicas: 1,
      downAfterMs: 2000,
      config: ['maxmemory-policy noeviction', 'min-replicas-to-write 1', 'min-replicas-max-lag 2'],
    });
    const store = openRedisStore({ url: other.url, partitions: 1, logger });
    expect(await store.check()).toMatchObject({
      problems: [expect.stringContaining('down-after-milliseconds, which is 2000') as string],
    });
    await store.close();
    await other.stop();
  });

  test('wants replicas to be asked for, also while none is there', async () => {
    const other = await startSentinelSetup({ replicas: 0, downAfterMs: 3000, config: [] });
    const store = openRedisStore({ url: other.url, partitions: 1, logger });
    const check = await store.check();
    expect(check).toMatchObject({
      problems: expect.arrayContaining([expect.stringContaining('min-replicas-to-write is 0')]) as string[],
    });
    await store.close();
    await other.stop();
  });

  test('of sentinels that are away: the store is away, and says where', async () => {
    const gone = await startRedis();
    await gone.stop();
    const url = `redis+sentinel://127.0.0.1:${gone.port}/fleetmeter`;
    const store = openRedisStore({ url, partitions: 1, logger });
    expect(await store.check()).toEqual({
      kind: 'unavailable',
      detail: expect.stringMatching(/^redis fleetmeter of sentinels 127\.0\.0\.1:\d+: /) as string,
    });
    await store.close();
  });
});
