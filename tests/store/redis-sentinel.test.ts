import pino from 'pino';
import { openRedisStore, type RedisStore } from '../../services/store/redis/store';
import { startRedis } from '../support/redis';
import { type SentinelSetup, startSentinelSetup } from '../support/sentinel';
import { stateStoreContract } from './contract';
import { WITH_REPLICAS, testFailover } from './failover';
import { PARTITIONS } from './world';

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
    config: WITH_REPLICAS,
  });
});

afterAll(() => setup.stop());

stateStoreContract('redis behind sentinels', () => {
  const prefix = `fleetmeter:${++worlds}`;
  return { open: () => open(prefix), openOther: () => open(`${prefix}-other`), end: () => undefined };
});

testFailover(open, () => setup.failover());

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
      config: WITH_REPLICAS,
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
