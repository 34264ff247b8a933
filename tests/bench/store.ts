import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pino from 'pino';
import type { Change, StateStore, Version } from '../../services/store/port';
import { openEmbeddedStore } from '../../services/store/embedded/store';
import { openRedisStore } from '../../services/store/redis/store';
import { type Owner, shown, takeOver } from '../store/world';
import { startRedis } from '../support/redis';
import { measure } from './measure';

const PARTITIONS = 8;
/** Of a partition: 100,000 in all. */
const ENTITIES = 12_500;
const BATCH = 500;
const VALUE = 'v'.repeat(400);

/** A batch of one partition's entities; which ones moves on with `n`. */
function batch(n: number): Change[] {
  return Array.from({ length: BATCH }, (_, i) => {
    const id = (n * BATCH + i) % ENTITIES;
    return shown(`job/5e1f0000-0000-4000-8000-${id}`, `${n} ${VALUE}`);
  });
}

interface Bench {
  readonly store: StateStore;
  readonly owners: readonly Owner[];
}

async function filled(store: StateStore): Promise<Bench> {
  const owners = await Promise.all(Array.from({ length: PARTITIONS }, (_, n) => takeOver(store, n)));
  for (let n = 0; n < ENTITIES / BATCH; n++) await Promise.all(owners.map((owner) => owner.commit(batch(n))));
  return { store, owners };
}

/** `batches` commits of each partition, partitions side by side. */
async function commits({ owners }: Bench, batches: number): Promise<void> {
  await Promise.all(
    owners.map(async (owner) => {
      for (let n = 0; n < batches; n++) await owner.commit(batch(n));
    }),
  );
}

async function plainHset(redis: Redis, batches: number): Promise<void> {
  await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, partition) => {
      for (let n = 0; n < batches; n++) {
        const fields = batch(n).flatMap(({ key, value }) => [key, value ?? '']);
        await redis.hset(`plain:{${partition}}`, fields);
      }
    }),
  );
}

async function plainHmget(redis: Redis, batches: number): Promise<void> {
  const keys = Array.from({ length: batches }, (_, n) => batch(n).map(({ key }) => key));
  await Promise.all(
    Array.from({ length: PARTITIONS }, (_, partition) =>
      Promise.all(keys.map((some) => redis.hmget(`plain:{${partition}}`, ...some))),
    ),
  );
}

async function versions(store: StateStore): Promise<Version[]> {
  const answers = await store.changesSince(Array.from({ length: PARTITIONS }, () => null));
  return answers.map((answer) => {
    if (answer.kind !== 'delta') throw new Error(JSON.stringify(answer));
    return answer.version;
  });
}

async function readChanges({ store }: Bench, since: readonly Version[], expected: number): Promise<void> {
  const answers = await store.changesSince(since);
  const read = answers.reduce(
    (sum, answer) => sum + (answer.kind === 'delta' ? answer.changes.length : 0),
    0,
  );
  if (read !== expected) throw new Error(`expected ${expected} changes, read ${read}`);
}

async function loadAll({ store }: Bench): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for await (const chunk of store.load(partition, 'shown')) {
      if (chunk.length === 0) throw new Error('an empty chunk');
    }
  }
}

export async function run(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-bench-'));
  const server = await startRedis();
  const redis = new Redis(server.port);
  const logger = pino({ level: 'silent' });
  const inRedis = await filled(openRedisStore({ url: server.url, partitions: PARTITIONS, logger }));
  const embedded = await filled(openEmbeddedStore({ dir, partitions: PARTITIONS }));
  try {
    const batches = 5;
    const entities = PARTITIONS * BATCH * batches;
    await plainHset(redis, ENTITIES / BATCH);
    await measure(`commits of ${BATCH} entities of 400 bytes, an entity`, entities, [
      ['plain HSET', () => plainHset(redis, batches)],
      ['commit, redis', () => commits(inRedis, batches)],
      ['commit, embedded', () => commits(embedded, batches)],
    ]);
    const since = { redis: await versions(inRedis.store), embedded: await versions(embedded.store) };
    await measure('changesSince() of 8 partitions, nothing changed, a call', 100, [
      ['redis', async () => repeat(100, () => readChanges(inRedis, since.redis, 0))],
      ['embedded', async () => repeat(100, () => readChanges(embedded, since.embedded, 0))],
    ]);
    await commits(inRedis, batches);
    await commits(embedded, batches);
    await measure(`changesSince() of ${entities} changed entities, an entity`, entities, [
      ['plain HMGET', () => plainHmget(redis, batches)],
      ['redis', () => readChanges(inRedis, since.redis, entities)],
      ['embedded', () => readChanges(embedded, since.embedded, entities)],
    ]);
    await measure('load() of 100,000 entities, an entity', PARTITIONS * ENTITIES, [
      ['redis', () => loadAll(inRedis)],
      ['embedded', () => loadAll(embedded)],
    ]);
  } finally {
    redis.disconnect();
    await inRedis.store.close();
    await embedded.store.close();
    await server.stop();
    rmSync(dir, { recursive: true });
  }
}

async function repeat(times: number, work: () => Promise<void>): Promise<void> {
  for (let n = 0; n < times; n++) await work();
}
