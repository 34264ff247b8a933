import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pino from 'pino';
import type { GenerationStore } from '../../services/store/port';
import { openEmbeddedStore } from '../../services/store/embedded/store';
import { openRedisStore } from '../../services/store/redis/store';
import { type RedisServer, startRedis } from '../support/redis';
import {
  type Owner,
  PARTITIONS,
  type StoreWorld,
  changesOf,
  deltaOf,
  head,
  kept,
  load,
  refresh,
  shown,
  takeOver,
} from './world';

jest.setTimeout(60_000);

const logger = pino({ level: 'silent' });
const LONG_MS = 600_000;
let server: RedisServer;
let worlds = 0;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.stop());

function redisWorld(): StoreWorld {
  const prefix = `world-${++worlds}`;
  const open = (name: string) =>
    openRedisStore({ url: server.url, partitions: PARTITIONS, prefix: name, logger });
  return { open: () => open(prefix), openOther: () => open(`${prefix}-other`), end: () => undefined };
}

function embeddedWorld(): StoreWorld {
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-store-'));
  const open = (name: string) => openEmbeddedStore({ dir: join(dir, name), partitions: PARTITIONS });
  return {
    open: () => open('store'),
    openOther: () => open('other'),
    end: () => {
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** What the answer is, or the end of the test. */
function good<T extends { readonly kind: string }>(
  answer: T,
): Exclude<T, { readonly kind: 'unavailable' | 'refused' }> {
  if (answer.kind === 'unavailable' || answer.kind === 'refused') throw new Error(JSON.stringify(answer));
  return answer as Exclude<T, { readonly kind: 'unavailable' | 'refused' }>;
}

/** A generation built beside the current one, each of its partitions with one commit. */
async function built(store: GenerationStore, value: string): Promise<{ name: string; owners: Owner[] }> {
  const { name } = good(await store.generations.build());
  const own = store.generations.open(name);
  const owners: Owner[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const owner = await takeOver(own, partition);
    await owner.commit([shown('built', value)]);
    owners.push(owner);
  }
  return { name, owners };
}

async function begin(store: GenerationStore, from: string, to: string, forMs = LONG_MS): Promise<string> {
  return good(await store.generations.beginSwitch(from, to, forMs)).id;
}

async function sealAll(store: GenerationStore, from: string, id: string): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++)
    good(await store.generations.seal(from, id, partition));
}

describe.each([
  ['embedded', embeddedWorld],
  ['redis', redisWorld],
])('generations: %s', (_, makeWorld) => {
  let world: StoreWorld;
  let store: GenerationStore;

  beforeEach(() => {
    world = makeWorld();
    store = world.open();
  });

  afterEach(async () => {
    await store.close();
    world.end();
  });

  test('there is one to begin with', async () => {
    expect(await store.generations.names()).toEqual({
      kind: 'names',
      current: '1',
      previous: null,
      building: null,
    });
    expect(await takeOver(store)).toMatchObject({ counter: 0 });
  });

  test('one is built beside the current one, unseen, and gone on with where it was left', async () => {
    const owner = await takeOver(store);
    await owner.commit([shown('a', 'old')]);
    const { name } = await built(store, 'new');
    expect(name).toBe('2');
    await owner.commit([shown('b', 'old')]);
    expect(await load(store)).toEqual(new Map(Object.entries({ a: 'old', b: 'old' })));
    expect((await deltaOf(store, null)).version.epoch).toBe(owner.epoch);

    const later = world.open();
    expect(await later.generations.build()).toEqual({ kind: 'building', name });
    expect(await later.generations.open(name).acquire(0)).toMatchObject({ counter: 1, head: head(1) });
    expect(await load(later.generations.open(name))).toEqual(new Map([['built', 'new']]));
    await later.close();
  });

  test('a switch: sealed partitions take no commit and no owner, and are read as before', async () => {
    const owners = [await takeOver(store, 0), await takeOver(store, 1)];
    for (const owner of owners) await owner.commit([shown('a', 'old'), kept('k', 'old')]);
    const { version } = await deltaOf(store, null);
    const { name } = await built(store, 'new');
    const id = await begin(store, '1', name);
    expect(await store.generations.seal('1', id, 0)).toEqual({
      kind: 'sealed',
      behind: false,
      head: head(1),
    });
    expect(await store.commit(owners[0]!.next([shown('a', 'late')]))).toEqual({ kind: 'stale' });
    expect(await store.acquire(0)).toEqual({
      kind: 'unavailable',
      detail: 'partition 0 is sealed: a replay is switching to another generation',
    });
    await owners[1]!.commit([shown('b', 'old')]);
    expect(await deltaOf(store, version)).toMatchObject({ version, changes: [], generation: '1' });
    expect(await load(store)).toEqual(new Map([['a', 'old']]));

    await sealAll(store, '1', id);
    expect(await store.generations.publish(id)).toEqual({ kind: 'published' });
    expect(await store.generations.names()).toEqual({
      kind: 'names',
      current: name,
      previous: '1',
      building: null,
    });
    expect(await changesOf(store, version)).toEqual({ kind: 'reload' });
    expect(await deltaOf(store, null)).toMatchObject({ generation: name });
    expect(await load(store)).toEqual(new Map([['built', 'new']]));
    expect(await store.commit(owners[1]!.next([shown('b', 'late')]))).toEqual({ kind: 'stale' });

    const after = await takeOver(store);
    expect(after).toMatchObject({ counter: 1, behind: false });
    await after.commit([shown('c', 'new')]);
    expect(await load(store)).toEqual(new Map(Object.entries({ built: 'new', c: 'new' })));
    expect(await load(store.generations.open('1'))).toEqual(new Map([['a', 'old']]));
  });

  test('a replica goes on from the old generation to the new one', async () => {
    for (const partition of [0, 1]) await (await takeOver(store, partition)).commit([shown('a', 'old')]);
    const replica = world.open();
    const view = { version: null, entries: new Map<string, string>() };
    expect(await refresh(replica, view)).toBe(true);
    const { name } = await built(store, 'new');
    const id = await begin(store, '1', name);
    await sealAll(store, '1', id);
    expect(await refresh(replica, view)).toBe(true);
    expect(view.entries).toEqual(new Map([['a', 'old']]));
    good(await store.generations.publish(id));
    expect(await refresh(replica, view)).toBe(true);
    expect(view.entries).toEqual(new Map([['built', 'new']]));
    await replica.close();
  });

  test('whoever loads a generation that has been left meanwhile gets all of it and nothing else', async () => {
    const owner = await takeOver(store);
    await owner.commit(Array.from({ length: 5_000 }, (_value, n) => shown(`old/${n}`, 'v')));
    const { name } = await built(store, 'new');
    const loading = store.load(0, 'shown', '1')[Symbol.asyncIterator]();
    const entries = new Map<string, string>();
    for (let chunk = await loading.next(); chunk.done !== true; chunk = await loading.next()) {
      for (const { key, value } of chunk.value) entries.set(key, value);
      const names = good(await store.generations.names());
      if (names.current === '1') good(await store.generations.publish(await begin(store, '1', name)));
    }
    expect(entries.size).toBe(5_000);
    let again = 0;
    for await (const chunk of store.load(0, 'shown', '1')) again += chunk.length;
    expect(again).toBeGreaterThanOrEqual(5_000);
    expect(await load(store)).toEqual(new Map([['built', 'new']]));
  });

  test('a switch that is ended changes nothing, and its seals are broken', async () => {
    const owner = await takeOver(store);
    await owner.commit([shown('a', 'old')]);
    const { name } = await built(store, 'new');
    const id = await begin(store, '1', name);
    await sealAll(store, '1', id);
    expect(await store.generations.endSwitch(id)).toEqual({ kind: 'ended' });
    expect(await store.generations.publish(id)).toEqual({ kind: 'ended' });
    const again = await takeOver(store);
    await again.commit([shown('b', 'old')]);
    expect(await load(store)).toEqual(new Map(Object.entries({ a: 'old', b: 'old' })));
    expect(await store.generations.names()).toMatchObject({ current: '1', building: name });
  });

  test('a switch whose time is up is ended by whoever takes a partition over', async () => {
    const { name } = await built(store, 'new');
    await (await takeOver(store)).commit([shown('a', 'old')]);
    const id = await begin(store, '1', name, 0);
    await sealAll(store, '1', id);
    await (await takeOver(store, 1)).commit([shown('b', 'old')]);
    // Nothing may follow what it has committed now.
    expect(await store.generations.publish(id)).toEqual({ kind: 'ended' });
    expect(await load(store, 'shown', 1)).toEqual(new Map([['b', 'old']]));
  });

  test('a switch whose time is extended is left alone', async () => {
    const { name } = await built(store, 'new');
    await (await takeOver(store)).commit([shown('a', 'old')]);
    const id = await begin(store, '1', name, 0);
    await sealAll(store, '1', id);
    expect(await store.generations.extendSwitch(id, LONG_MS)).toEqual({ kind: 'extended' });
    expect(await store.acquire(0)).toMatchObject({ kind: 'unavailable' });
    expect(await store.generations.extendSwitch(id, 0)).toEqual({ kind: 'extended' });
    expect(await store.acquire(0)).toMatchObject({ kind: 'acquired', generation: '1' });
    expect(await store.generations.extendSwitch(id, LONG_MS)).toEqual({ kind: 'ended' });
  });

  test('a switch whose time is up, and that nobody has ended, is still made', async () => {
    const { name } = await built(store, 'new');
    const id = await begin(store, '1', name, 0);
    await sealAll(store, '1', id);
    expect(await store.generations.publish(id)).toEqual({ kind: 'published' });
  });

  test('a switch that begins ends the one before', async () => {
    const { name } = await built(store, 'new');
    const first = await begin(store, '1', name);
    await sealAll(store, '1', first);
    const second = await begin(store, '1', name);
    expect(await store.generations.publish(first)).toEqual({ kind: 'ended' });
    good(await store.generations.seal('1', second, 0));
    expect(await store.acquire(0)).toMatchObject({ kind: 'unavailable' });
    // Sealed for the first, which is over.
    expect(await store.acquire(1)).toMatchObject({ kind: 'acquired', generation: '1' });
    expect(await store.generations.publish(second)).toEqual({ kind: 'published' });
    expect(await store.generations.publish(second)).toEqual({ kind: 'published' });
    expect(await store.acquire(1)).toMatchObject({ kind: 'acquired', generation: name });
  });

  test('only from the current generation, and to one that is known', async () => {
    const { name } = await built(store, 'new');
    expect(await store.generations.beginSwitch('1', '7', LONG_MS)).toEqual({ kind: 'refused' });
    expect(await store.generations.beginSwitch(name, '1', LONG_MS)).toEqual({ kind: 'refused' });
    good(await store.generations.publish(await begin(store, '1', name)));
    expect(await store.generations.beginSwitch('1', name, LONG_MS)).toEqual({ kind: 'refused' });
  });

  test('there and back again: who knew the old generation goes on from what it knew', async () => {
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    const { version } = await deltaOf(store, null);
    const { name } = await built(store, 'new');
    const id = await begin(store, '1', name);
    await sealAll(store, '1', id);
    good(await store.generations.publish(id));
    const seen = await deltaOf(store, null);

    const back = await takeOver(store.generations.open('1'));
    await back.commit([shown('b', '2')]);
    const other = await begin(store, name, '1');
    await sealAll(store, name, other);
    good(await store.generations.publish(other));
    expect(await store.generations.names()).toMatchObject({ current: '1', previous: name });
    expect(await changesOf(store, seen.version)).toEqual({ kind: 'reload' });
    expect((await deltaOf(store, version)).changes).toEqual([{ key: 'b', value: '2' }]);
    expect(await takeOver(store)).toMatchObject({ counter: 2, behind: false });
  });

  test('standings tell what was committed last, shown or not', async () => {
    await (await takeOver(store)).commit([shown('a', '1')]);
    const second = await takeOver(store, 1);
    good(await store.commit({ ...second.next(), behind: true }));
    expect(await store.generations.standings('1')).toEqual({
      kind: 'standings',
      partitions: [
        { head: head(1), behind: false },
        { head: head(1), behind: true },
      ],
    });
    const { name } = good(await store.generations.build());
    expect(await store.generations.standings(name)).toMatchObject({
      partitions: [{ head: null }, { head: null }],
    });
  });

  test('what is dropped is gone, and its name is not given again', async () => {
    const { name, owners } = await built(store, 'new');
    expect(await store.generations.drop(name)).toEqual({ kind: 'dropped' });
    expect(await store.generations.names()).toMatchObject({ current: '1', building: null });
    expect(await store.generations.standings(name)).toMatchObject({
      partitions: [{ head: null }, { head: null }],
    });
    expect(await load(store.generations.open(name))).toEqual(new Map());
    expect(await store.commit(owners[0]!.next([shown('a', 'late')]))).toEqual({ kind: 'stale' });
    expect(await store.generations.build()).toEqual({ kind: 'building', name: '3' });
    await expect(store.generations.drop('1')).rejects.toThrow('generation 1 is current');
  });

  test('no epoch is given twice, in whatever generation', async () => {
    const { name } = good(await store.generations.build());
    const epochs = new Set<number>();
    for (let n = 0; n < 20; n++) {
      epochs.add((await takeOver(store)).epoch);
      epochs.add((await takeOver(store.generations.open(name))).epoch);
    }
    expect(epochs.size).toBe(40);
  });
});

describe('generations in redis', () => {
  let store: GenerationStore;
  let admin: Redis;
  let own: RedisServer;

  beforeEach(async () => {
    own = await startRedis();
    store = openRedisStore({ url: own.url, partitions: PARTITIONS, logger });
    admin = new Redis(own.port);
    admin.on('error', () => undefined);
  });

  afterEach(async () => {
    admin.disconnect();
    await store.close();
    await own.stop();
  });

  async function connected(): Promise<void> {
    while ((await store.clock()).kind !== 'clock') await new Promise((resolve) => setTimeout(resolve, 10));
  }

  test('a switch that was begun before another server answers is not made: its seals may be lost', async () => {
    await (await takeOver(store)).commit([shown('a', 'old')]);
    const { name } = await built(store, 'new');
    const id = await begin(store, '1', name);
    await sealAll(store, '1', id);
    await own.kill();
    await own.start();
    await connected();
    expect(await store.generations.publish(id)).toEqual({ kind: 'ended' });
    expect(await takeOver(store)).toMatchObject({ counter: 1, behind: true });
    expect(await store.generations.names()).toMatchObject({ current: '1' });
  });

  test('a cut-off server does not tell which is current', async () => {
    await admin.config('SET', 'min-replicas-to-write', '1');
    const detail = expect.stringContaining('NOREPLICAS') as string;
    expect(await store.generations.names()).toEqual({ kind: 'unavailable', detail });
    expect(await store.changesSince([null, null])).toEqual([
      { kind: 'unavailable', detail },
      { kind: 'unavailable', detail },
    ]);
  });

  test('what was left of a generation is deleted before another is built', async () => {
    await (await takeOver(store)).commit([shown('a', 'old')]);
    const { name } = await built(store, 'new');
    good(await store.generations.publish(await begin(store, '1', name)));
    const next = await built(store, 'newer');
    good(await store.generations.publish(await begin(store, name, next.name)));
    // Ended here, before it had dropped what is not even the previous one any more.
    expect(await admin.keys('fleetmeter:1:*')).not.toEqual([]);
    good(await store.generations.build());
    expect(await admin.keys('fleetmeter:1:*')).toEqual([]);
    expect(await admin.keys(`fleetmeter:${name}:*`)).not.toEqual([]);
    expect(await admin.hget('fleetmeter:generation', 'dropping')).toBeNull();
  });
});
