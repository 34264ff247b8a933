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

/** Asks until the store answers: the new primary refuses writes until it has a replica. */
async function answered<T extends { readonly kind: string }>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer.kind !== 'unavailable') return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a failover is followed, the owner before is fenced, and nothing is shown until the next one has caught up', async () => {
  const store = open('failover');
  const owner = await takeOver(store);
  await owner.commit([shown('a', '1')]);
  await setup.failover();
  expect(await answered(() => store.commit(owner.next()))).toEqual({ kind: 'stale' });
  expect(await changesOf(store, null)).toMatchObject({ kind: 'unavailable' });
  const acquired = await answered(() => store.acquire(0));
  expect(acquired).toMatchObject({ kind: 'acquired', counter: 1, behind: true });
  await (await takeOver(store)).commit([shown('b', '1')]);
  expect(await load(store)).toEqual(new Map(Object.entries({ a: '1', b: '1' })));
  await store.close();
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
