import { Redis } from 'ioredis';
import pino from 'pino';
import { takeRecord } from '../../services/partition/intake';
import { closeBatch } from '../../services/partition/commit';
import { openPartition, type Partition } from '../../services/partition/partition';
import { openRedisStore } from '../../services/store/redis/store';
import type { StateStore } from '../../services/store/port';
import { startRedis } from '../support/redis';

/** Each a run with one job on its own instance. */
const RUNS = 10_000;
const BATCH = 1_000;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 10, 24, 8);
const SETTINGS = { latenessMs: DAY_MS, dedupeMs: 30 * DAY_MS, sampleTtlMs: 600_000, asOfMs: null };

type Told = readonly [type: string, timeMs: number, data: object];

function idOf(kind: string, n: number): string {
  return `${kind}f00d-4c5e-4b7a-9d51-${String(n).padStart(12, '0')}`;
}

/** What a control plane tells of a run and its job while they run, and of their end. */
function lifeOf(n: number): { readonly running: readonly Told[]; readonly end: readonly Told[] } {
  const run = { id: idOf('5e1f', n) };
  const job = { id: idOf('9c1d', n) };
  const head = { project: 'research', user: 'ada', run: { ...run, name: `bitter-lemon-${n}`, type: 'task' } };
  const atMs = START_MS + n;
  const placed = {
    instance: { id: idOf('1a5c', n), name: `gpu-fleet-${n}`, type: 'p5.48xlarge', backend: 'aws' },
    resources: {
      cpus: 192,
      memory_bytes: 2199023255552,
      gpu: { vendor: 'nvidia', name: 'H100', count: 8, memory_bytes: 85899345920 },
    },
    price: { dollars_per_hour: 98.32 },
  };
  return {
    running: [
      ['run.submitted', atMs, head],
      [
        'job.submitted',
        atMs,
        { ...head, job: { ...job, name: `bitter-lemon-${n}-0-0`, num: 0, replica_num: 0 } },
      ],
      ['run.status_changed', atMs + 30_000, { run, status: 'provisioning' }],
      ['job.provisioned', atMs + 30_000, { run, job, ...placed }],
      ['job.status_changed', atMs + 60_000, { run, job, status: 'pulling' }],
      ['job.status_changed', atMs + 90_000, { run, job, status: 'running' }],
      ['run.status_changed', atMs + 90_000, { run, status: 'running' }],
    ],
    end: [
      [
        'job.finished',
        atMs + 3_600_000,
        { run, job, status: 'done', reason: 'done_by_runner', exit_status: 0 },
      ],
      ['run.finished', atMs + 3_600_000, { run, status: 'done' }],
    ],
  };
}

interface Folding {
  readonly partition: Partition;
  readonly store: StateStore;
  offset: number;
}

function take(folding: Folding, [type, timeMs, data]: Told, logMs = timeMs): void {
  const event = { specversion: '1.0', source: '/dstack/server/eu-1', type: `fleetmeter.${type}.v1`, data };
  const id = `7d0c${String(folding.offset).padStart(28, '0')}`;
  const value = Buffer.from(JSON.stringify({ ...event, id, time: new Date(timeMs).toISOString() }));
  const record = { partition: 0, offset: folding.offset++, appendTimeMs: logMs, key: null, value };
  const { outcome } = takeRecord(folding.partition, 'lifecycle', record, 1);
  if (outcome !== 'taken') throw new Error(`${type} is ${outcome}`);
}

async function commit({ partition, store }: Folding, pageTimeMs: number): Promise<void> {
  const { generation, epoch, counter } = partition;
  const batchId = String(counter);
  const batch = closeBatch(partition, pageTimeMs);
  const result = await store.commit({
    generation,
    partition: 0,
    epoch,
    fromCounter: counter,
    batchId,
    ...batch,
  });
  if (result.kind !== 'applied') throw new Error(JSON.stringify(result));
  partition.counter++;
}

async function bytesOf(redis: Redis, part: string): Promise<number> {
  const usage = await redis.call('MEMORY', 'USAGE', `fleetmeter:1:{0}:${part}`, 'SAMPLES', '0');
  return Number(usage ?? 0);
}

/**
 * What a run with one job takes of Redis' memory while it runs, when it has finished, and when it has
 * settled.
 */
export async function run(): Promise<void> {
  const server = await startRedis();
  const redis = new Redis(server.port);
  const store = openRedisStore({ url: server.url, partitions: 1, logger: pino({ level: 'silent' }) });
  try {
    const acquired = await store.acquire(0);
    if (acquired.kind === 'unavailable') throw new Error(acquired.detail);
    const partition = openPartition(0, acquired, null, SETTINGS);
    const folding = { partition, store, offset: 0 };
    const lives = Array.from({ length: RUNS }, (_, n) => lifeOf(n));
    const tell = async (what: 'running' | 'end'): Promise<void> => {
      for (let from = 0; from < RUNS; from += BATCH) {
        for (const life of lives.slice(from, from + BATCH))
          for (const told of life[what]) take(folding, told);
        await commit(folding, START_MS + 2 * 3_600_000);
      }
    };
    const rows: string[] = [];
    const look = async (what: string): Promise<void> => {
      const [shown, kept] = [await bytesOf(redis, 'shown'), await bytesOf(redis, 'kept')];
      rows.push(
        [what.padEnd(12), ...[shown / RUNS, kept / RUNS].map((bytes) => bytes.toFixed(0).padStart(8))].join(
          '',
        ),
      );
    };
    await tell('running');
    await look('running');
    await tell('end');
    await look('finished');
    const laterMs = START_MS + 3 * DAY_MS;
    take(folding, ['instance.started', laterMs, { project: 'p', instance: { id: 'i', name: 'i' } }], laterMs);
    await commit(folding, laterMs);
    await look('settled');
    console.log(
      `Bytes of Redis a run with one job, ${RUNS} of them\n${''.padEnd(12)}${'shown'.padStart(8)}${'kept'.padStart(8)}`,
    );
    console.log(rows.join('\n'));
    const memory = await redis.info('memory');
    console.log(
      /used_memory_human:.*/.exec(memory)?.[0],
      `changes: ${(await bytesOf(redis, 'changes')) / 1e6} MB`,
    );
  } finally {
    redis.disconnect();
    await store.close();
    await server.stop();
  }
}
