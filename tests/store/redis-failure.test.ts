import { cpSync, rmSync } from 'node:fs';
import { Redis } from 'ioredis';
import pino from 'pino';
import { freePort } from '../support/ports';
import { StoreReadError } from '../../services/store/port';
import { type RedisStore, openRedisStore } from '../../services/store/redis/store';
import { type RedisServer, startRedis } from '../support/redis';
import { PARTITIONS, changesOf, deltaOf, load, shown, takeOver } from './world';

jest.setTimeout(60_000);

const logger = pino({ level: 'silent' });
const UNAVAILABLE = {
  kind: 'unavailable',
  detail: expect.stringMatching(/^redis 127\.0\.0\.1:\d+: /) as string,
};

let server: RedisServer;
let store: RedisStore;
/** Another client: what an operator does to the server. */
let admin: Redis;

function open(): RedisStore {
  return openRedisStore({ url: server.url, partitions: PARTITIONS, logger });
}

beforeEach(async () => {
  server = await startRedis(['maxmemory-policy noeviction']);
  store = open();
  admin = new Redis(server.port, { lazyConnect: true, retryStrategy: () => 50 });
  admin.on('error', () => undefined);
});

afterEach(async () => {
  admin.disconnect();
  await store.close();
  await server.stop();
});

/** Until the store has found the server again. */
async function connected(): Promise<void> {
  while ((await store.clock()).kind !== 'clock') await new Promise((resolve) => setTimeout(resolve, 10));
}

async function synchronised(replica: Redis): Promise<void> {
  while (!(await replica.info('replication')).includes('master_link_status:up')) continue;
}

describe('a server that is away', () => {
  test('makes every answer unavailable, and all goes on when it is back', async () => {
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    const { version } = await deltaOf(store, null);
    await server.kill();
    expect(await store.acquire(0)).toEqual(UNAVAILABLE);
    expect(await store.commit(owner.next())).toEqual(UNAVAILABLE);
    expect(await store.changesSince([null, version])).toEqual([UNAVAILABLE, UNAVAILABLE]);
    expect(await store.clock()).toEqual(UNAVAILABLE);
    expect(await store.check()).toEqual(UNAVAILABLE);
    await expect(load(store)).rejects.toThrow(StoreReadError);

    await server.start();
    await connected();
    expect(await store.commit(owner.next())).toEqual({ kind: 'stale' });
    const after = await takeOver(store);
    expect(after).toMatchObject({ counter: 1, behind: true });
    await after.commit([shown('b', '1')]);
    expect(await load(store)).toEqual(new Map(Object.entries({ a: '1', b: '1' })));
  });

  test('from the start: unavailable, with where and why', async () => {
    const port = await freePort();
    const lost = openRedisStore({ url: `redis://127.0.0.1:${port}`, partitions: 1, logger });
    const detail = expect.stringContaining(`redis 127.0.0.1:${port}: not connected (`) as string;
    expect(await lost.acquire(0)).toEqual({ kind: 'unavailable', detail });
    await lost.close();
  });

  test('ends a load half-way', async () => {
    const owner = await takeOver(store);
    await owner.commit(Array.from({ length: 3_000 }, (_, n) => shown(String(n), 'v')));
    const chunks = store.load(0, 'shown')[Symbol.asyncIterator]();
    expect(await chunks.next()).toMatchObject({ done: false });
    await server.kill();
    await expect(chunks.next()).rejects.toThrow(StoreReadError);
  });

  test('fails what is in flight at once when it dies', async () => {
    const owner = await takeOver(store);
    server.freeze();
    const commit = store.commit(owner.next());
    await server.kill();
    // Not by the timeout for a reply.
    const detail = expect.stringMatching(/not connected \((connection lost|read ECONNRESET)\)$/) as string;
    expect(await commit).toEqual({ kind: 'unavailable', detail });
  });

  test('whose reply was lost has applied the commit once', async () => {
    const owner = await takeOver(store);
    const commit = owner.next([shown('a', '1')]);
    server.freeze();
    expect(await store.commit(commit)).toEqual(UNAVAILABLE);
    server.thaw();
    await connected();
    expect(await store.commit(commit)).toEqual({ kind: 'applied' });
    expect((await deltaOf(store, null)).version.counter).toBe(1);
    expect(await load(store)).toEqual(new Map([['a', '1']]));
  });

  test('and knows no script any more is told them again', async () => {
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    await admin.script('FLUSH');
    await owner.commit([shown('a', '2')]);
    await admin.script('FLUSH');
    expect((await deltaOf(store, { epoch: owner.epoch, counter: 1 })).changes).toEqual([
      { key: 'a', value: '2' },
    ]);
  });
});

describe('a server that refuses', () => {
  test('for lack of memory: commits are unavailable and leave nothing behind, readers are answered', async () => {
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    const { version } = await deltaOf(store, null);
    await admin.config('SET', 'maxmemory', '1');
    const commit = owner.next([shown('a', '2'), shown('b', '2')]);
    expect(await store.commit(commit)).toMatchObject({ detail: expect.stringContaining('OOM') as string });
    expect(await deltaOf(store, version)).toMatchObject({ version, changes: [] });
    await admin.config('SET', 'maxmemory', '0');
    expect(await store.commit(commit)).toEqual({ kind: 'applied' });
    expect(await load(store)).toEqual(new Map(Object.entries({ a: '2', b: '2' })));
  });

  test('being cut off from its replicas: readers too', async () => {
    await (await takeOver(store)).commit();
    await admin.config('SET', 'min-replicas-to-write', '1');
    const detail = expect.stringContaining('NOREPLICAS') as string;
    expect(await changesOf(store, null)).toEqual({ kind: 'unavailable', detail });
    expect(await store.acquire(0)).toEqual({ kind: 'unavailable', detail });
    await admin.config('SET', 'min-replicas-to-write', '0');
    expect(await changesOf(store, null)).toMatchObject({ kind: 'delta' });
  });

  test('with a wrong password: it is in no answer and no log', async () => {
    await admin.config('SET', 'requirepass', 'the right secret');
    const lines: string[] = [];
    const told = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
    const url = server.url.replace('redis://', 'redis://:the%20wrong%20secret@');
    const locked = openRedisStore({ url, partitions: 1, logger: told });
    const answer = await locked.acquire(0);
    expect(answer).toMatchObject({ detail: expect.stringContaining('WRONGPASS') as string });
    await locked.close();
    expect(lines.join('')).toContain('WRONGPASS');
    expect(lines.join('') + JSON.stringify(answer)).not.toContain('secret');

    const right = openRedisStore({ url: url.replace('wrong', 'right'), partitions: 1, logger });
    expect(await right.acquire(0)).toMatchObject({ kind: 'acquired' });
    await right.close();
  });
});

describe('a server that was rewound', () => {
  test('or started anew with all its data: nothing is shown until it was taken over and caught up', async () => {
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    const { version } = await deltaOf(store, null);
    await server.kill();
    await server.start();
    await connected();
    expect(await changesOf(store, null)).toMatchObject({ kind: 'unavailable' });
    expect(await changesOf(store, version)).toMatchObject({ kind: 'unavailable' });
    expect(await store.commit(owner.next())).toEqual({ kind: 'stale' });

    const after = await takeOver(store);
    expect(after.behind).toBe(true);
    expect(await changesOf(store, version)).toMatchObject({ kind: 'unavailable' });
    await after.commit();
    // Though commit 1 is remembered: who has loaded before may have loaded more than what is left.
    expect(await changesOf(store, version)).toEqual({ kind: 'reload' });
    expect((await deltaOf(store, null)).version).toEqual({ epoch: after.epoch, counter: 2 });
    await after.commit([shown('b', '1')]);
    expect((await deltaOf(store, { epoch: after.epoch, counter: 2 })).changes).toEqual([
      { key: 'b', value: '1' },
    ]);
    expect((await takeOver(store)).behind).toBe(false);
  });

  test('to a snapshot: a counter that is reached again is another version', async () => {
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    const first = (await deltaOf(store, null)).version;
    await server.kill();
    const snapshot = `${server.dir}-snapshot`;
    cpSync(server.dir, snapshot, { recursive: true });
    await server.start();
    await connected();
    const lost = await takeOver(store);
    await lost.commit([shown('a', 'lost')]);
    const seen = (await deltaOf(store, null)).version;
    expect(seen.counter).toBe(2);

    await server.kill();
    rmSync(server.dir, { recursive: true });
    cpSync(snapshot, server.dir, { recursive: true });
    rmSync(snapshot, { recursive: true });
    await server.start();
    await connected();
    expect(await changesOf(store, seen)).toMatchObject({ kind: 'unavailable' });
    expect(await store.commit(lost.next())).toEqual({ kind: 'stale' });
    const after = await takeOver(store);
    expect(after).toMatchObject({ counter: 1, behind: true });
    expect(after.epoch).toBeGreaterThan(lost.epoch);
    expect(await store.commit({ ...lost.next([shown('a', 'late')]), fromCounter: 1 })).toEqual({
      kind: 'stale',
    });
    await after.commit([shown('b', 'found')]);
    expect((await deltaOf(store, null)).version.counter).toBe(2);
    expect(await changesOf(store, seen)).toEqual({ kind: 'reload' });
    expect(await changesOf(store, first)).toEqual({ kind: 'reload' });
    expect(await load(store)).toEqual(new Map(Object.entries({ a: '1', b: 'found' })));
  });

  test('by becoming the replica of a server that knew less, without a new start', async () => {
    const other = await startRedis([`replicaof 127.0.0.1 ${server.port}`]);
    const otherAdmin = new Redis(other.port);
    await synchronised(otherAdmin);
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    expect(await admin.wait(1, 0)).toBe(1);
    await otherAdmin.call('REPLICAOF', ['NO', 'ONE']);
    await owner.commit([shown('a', 'lost')]);

    await admin.call('REPLICAOF', ['127.0.0.1', String(other.port)]);
    await synchronised(admin);
    expect(await changesOf(store, null)).toMatchObject({
      detail: expect.stringContaining('READONLY') as string,
    });
    await admin.call('REPLICAOF', ['NO', 'ONE']);
    await connected();
    expect(await load(store)).toEqual(new Map([['a', '1']]));
    expect(await changesOf(store, null)).toMatchObject({ kind: 'unavailable' });
    expect(await takeOver(store)).toMatchObject({ counter: 1, behind: true });
    otherAdmin.disconnect();
    await other.stop();
  });

  test('by a failover to a replica that has everything', async () => {
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    const replica = await startRedis([`replicaof 127.0.0.1 ${server.port}`]);
    const replicaAdmin = new Redis(replica.port);
    await synchronised(replicaAdmin);
    await replicaAdmin.call('REPLICAOF', ['NO', 'ONE']);
    const promoted = openRedisStore({ url: replica.url, partitions: PARTITIONS, logger });
    expect(await changesOf(promoted, null)).toMatchObject({ kind: 'unavailable' });
    expect(await promoted.commit(owner.next())).toEqual({ kind: 'stale' });
    expect(await takeOver(promoted)).toMatchObject({ counter: 1, behind: true });
    replicaAdmin.disconnect();
    await promoted.close();
    await replica.stop();
  });

  test('by FLUSHALL: an epoch is not given twice', async () => {
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    const { version } = await deltaOf(store, null);
    await admin.flushall();
    expect(await changesOf(store, version)).toEqual({ kind: 'empty' });
    const after = await takeOver(store);
    expect(after.epoch).toBeGreaterThan(owner.epoch);
    await after.commit([shown('b', '1')]);
    expect(await changesOf(store, version)).toEqual({ kind: 'reload' });
    expect(await store.commit({ ...owner.next(), fromCounter: 1 })).toEqual({ kind: 'stale' });
  });
});

test('more than 64 MB of changes are loaded anew, in chunks', async () => {
  const owner = await takeOver(store);
  await owner.commit();
  const versions = [(await deltaOf(store, null)).version];
  for (let n = 0; n < 3; n++) {
    await owner.commit(Array.from({ length: 750 }, (_, i) => shown(`${n}/${i}`, 'v'.repeat(30_000))));
    versions.push((await deltaOf(store, null)).version);
  }
  expect(await changesOf(store, versions[0] ?? null)).toEqual({ kind: 'reload' });
  expect((await deltaOf(store, versions[1] ?? null)).changes).toHaveLength(1_500);
  expect((await load(store)).size).toBe(2_250);
});

describe('what is not ours', () => {
  test('under our keys is an error, not an answer', async () => {
    await admin.set('fleetmeter:1:{0}:head', 'text');
    await expect(store.acquire(0)).rejects.toThrow('WRONGTYPE');
    await expect(changesOf(store, null)).rejects.toThrow('WRONGTYPE');
    await admin.del('fleetmeter:1:{0}:head');
    await (await takeOver(store)).commit();
    await admin.hset('fleetmeter:1:{0}:head', 'page_time_ms', 'soon');
    await expect(store.acquire(0)).rejects.toThrow('corrupted store: page_time_ms is soon');
  });

  test('another number of partitions is refused, by owners and readers', async () => {
    await (await takeOver(store)).commit();
    const wider = openRedisStore({ url: server.url, partitions: 3, logger });
    const detail = 'fleetmeter:1:{0}:head belongs to 2 partitions, but this process counts 3';
    expect(await wider.acquire(0)).toEqual({ kind: 'unavailable', detail });
    expect(await changesOf(wider, null)).toEqual({ kind: 'unavailable', detail });
    await wider.close();
  });

  test('keys outside of the slot of their partition', async () => {
    await (await takeOver(store, 1)).commit([shown('a', '1'), { space: 'kept', key: 'k', value: '1' }]);
    const keys = ['changes', 'head', 'kept', 'shown'].map((part) => `fleetmeter:1:{1}:${part}`);
    expect((await admin.keys('*')).sort()).toEqual(keys);
    expect(() => openRedisStore({ url: server.url, partitions: 1, prefix: '{x}', logger })).toThrow(
      'no braces',
    );
  });
});

describe('the check', () => {
  test('finds nothing wrong with a server as it should be', async () => {
    expect(await store.check()).toEqual({ kind: 'checked', problems: [], warnings: [] });
  });

  test('names each setting that is wrong', async () => {
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await admin.config('SET', 'appendonly', 'no');
    const replica = await startRedis([`replicaof 127.0.0.1 ${server.port}`]);
    while (!(await admin.info('replication')).includes('connected_slaves:1')) continue;
    await admin.config('SET', 'min-replicas-max-lag', '30');
    expect(await store.check()).toEqual({
      kind: 'checked',
      problems: [
        expect.stringContaining('maxmemory-policy is allkeys-lru') as string,
        expect.stringContaining('min-replicas-to-write is 0') as string,
        expect.stringContaining('min-replicas-max-lag is 30') as string,
      ],
      warnings: [expect.stringContaining('appendonly is no') as string],
    });
    const onReplica = openRedisStore({ url: replica.url, partitions: 1, logger });
    expect(await onReplica.check()).toMatchObject({
      problems: ['the server is a replica, expected the primary'],
    });
    await onReplica.close();
    await admin.config('SET', 'min-replicas-max-lag', '2');
    await admin.config('SET', 'min-replicas-to-write', '1');
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await store.check()).toMatchObject({ problems: [] });
    await replica.stop();
  });

  test('says what it was not allowed to look at', async () => {
    await admin.call('ACL', ['SETUSER', 'fleetmeter', 'on', '>pw', '~*', '+@all', '-config']);
    const replica = await startRedis([`replicaof 127.0.0.1 ${server.port}`]);
    while (!(await admin.info('replication')).includes('connected_slaves:1')) continue;
    const url = server.url.replace('redis://', 'redis://fleetmeter:pw@');
    const limited = openRedisStore({ url, partitions: 1, logger });
    expect(await limited.check()).toMatchObject({
      problems: [],
      warnings: [expect.stringContaining('CONFIG GET is refused') as string],
    });
    expect(await limited.acquire(0)).toMatchObject({ kind: 'acquired' });
    await limited.close();
    await replica.stop();
  });
});
