import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { takeRecord } from '../../services/partition/intake';
import { closeBatch } from '../../services/partition/commit';
import { openPartition, type Partition } from '../../services/partition/partition';
import { openRedisStore } from '../../services/store/redis/store';
import type { StateStore } from '../../services/store/port';
import { readSamples } from '../support/page-series';
import { startRedis } from '../support/redis';
import { report, type Goal } from './figure';
import type { Used } from './scrape-server';

/**
 * Scrapes over HTTP, of state in Redis: a tenth of the jobs has changed since the scrape before, and
 * durations and costs move. The peers send a page of the same bytes: one as a ready Buffer, one by
 * prom-client. Each server runs in a process of its own (scrape-server.ts); compared is the CPU time of that
 * process, from one scrape to the next, in turns.
 */
const QUICK = process.argv.includes('--quick');
const JOBS = QUICK ? 1000 : 10_000;
const ROUNDS = 10;
/** Till the code of each server is compiled. */
const UNMEASURED = QUICK ? 15 : 5;
const START_MS = Date.UTC(2026, 10, 24, 8);
const SETTINGS = { latenessMs: 86_400_000, dedupeMs: 30 * 86_400_000, sampleTtlMs: 600_000, asOfMs: null };

function uuid(kind: number, n: number): string {
  return `5e1f9a3c-0c55-4a51-9d0e-${String(kind)}${String(n).padStart(11, '0')}`;
}

interface Folding {
  readonly partition: Partition;
  readonly store: StateStore;
  offset: number;
  pageTimeMs: number;
}

function tell(folding: Folding, type: string, timeMs: number, data: object): void {
  const event = { specversion: '1.0', source: '/dstack/server/eu-1', type: `fleetmeter.${type}.v1`, data };
  const id = `7d0c${String(folding.offset).padStart(28, '0')}`;
  const value = Buffer.from(JSON.stringify({ ...event, id, time: new Date(timeMs).toISOString() }));
  const record = { partition: 0, offset: folding.offset++, appendTimeMs: timeMs, key: null, value };
  const { outcome } = takeRecord(folding.partition, 'lifecycle', record, 1);
  if (outcome !== 'taken') throw new Error(`${type} is ${outcome}`);
}

async function commit(folding: Folding): Promise<void> {
  const { partition, store } = folding;
  const { generation, epoch, counter } = partition;
  const place = { generation, partition: 0, epoch, fromCounter: counter, batchId: String(counter) };
  const result = await store.commit({ ...place, ...closeBatch(partition, folding.pageTimeMs) });
  if (result.kind !== 'applied') throw new Error(JSON.stringify(result));
  partition.counter++;
}

/** A run with one job on its own instance. */
function tellJob(folding: Folding, n: number): void {
  const run = { id: uuid(0, n), name: `llama-finetune-${n}`, type: 'task' };
  const job = { id: uuid(1, n), name: `llama-finetune-${n}-0-0`, num: 0, replica_num: 0 };
  const instance = { id: uuid(2, n), name: `gpu-fleet-${n}`, type: 'p5.48xlarge', backend: 'aws' };
  const gpu = { vendor: 'nvidia', name: 'H100', count: 8, memory_bytes: 85_899_345_920 };
  const resources = { cpus: 192, memory_bytes: 2_199_023_255_552, gpu };
  const price = { dollars_per_hour: 98.32 };
  const [project, user] = [`project-${n % 20}`, `user-${n % 100}`];
  const fleet = { id: uuid(3, n), name: 'gpu-fleet' };
  tell(folding, 'instance.started', START_MS, { project, fleet, instance, resources, price, status: 'busy' });
  tell(folding, 'run.submitted', START_MS, { project, user, run });
  tell(folding, 'job.submitted', START_MS, { project, user, run, job });
  tell(folding, 'job.provisioned', START_MS, { run, job, instance, resources, price });
}

/** Another tenth of the jobs each time. */
function changeJobs(folding: Folding, round: number): void {
  folding.pageTimeMs += 15_000;
  const atMs = folding.pageTimeMs - 1000;
  for (let n = round % 10; n < JOBS; n += 10) {
    const of = { run: { id: uuid(0, n) }, job: { id: uuid(1, n) } };
    tell(folding, 'job.status_changed', atMs, { ...of, status: round % 2 === 0 ? 'running' : 'pulling' });
  }
}

interface Server {
  readonly url: string;
  /** Since it was asked last. */
  used(): Promise<Used>;
  stop(): void;
}

async function startServer(kind: 'exporter' | 'buffer' | 'prom-client', from: string): Promise<Server> {
  const child = fork(join(__dirname, 'scrape-server.ts'), [kind, from]);
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    async used() {
      child.send('used');
      const [used] = (await once(child, 'message')) as [Used];
      return used;
    },
    stop() {
      child.disconnect();
    },
  };
}

/** Milliseconds until the first byte of the body, and the body where it is kept. */
async function scrape(
  url: string,
  encoding: string,
  isKept = false,
): Promise<{ firstMs: number; body: Buffer }> {
  const startMs = performance.now();
  let firstMs = 0;
  const body = await new Promise<Buffer>((resolve, reject) => {
    request(url, { headers: { 'accept-encoding': encoding } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => {
        if (firstMs === 0) firstMs = performance.now() - startMs;
        if (isKept) chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => resolve(Buffer.concat(chunks)));
    })
      .on('error', reject)
      .end();
  });
  return { firstMs, body };
}

export async function run(): Promise<void> {
  const redis = await startRedis();
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-scrape-'));
  const store = openRedisStore({ url: redis.url, partitions: 1, logger: pino({ level: 'silent' }) });
  const acquired = await store.acquire(0);
  if (acquired.kind === 'unavailable') throw new Error(acquired.detail);
  const partition = openPartition(0, acquired, null, SETTINGS);
  const folding: Folding = { partition, store, offset: 0, pageTimeMs: START_MS + 3_600_000 };
  for (let n = 0; n < JOBS; n++) tellJob(folding, n);
  await commit(folding);
  const exporter = await startServer('exporter', redis.url);
  const { body: page } = await scrape(exporter.url, 'identity', true);
  const file = join(dir, 'page');
  writeFileSync(file, page);
  const [buffer, client] = [await startServer('buffer', file), await startServer('prom-client', file)];
  try {
    await measure(folding, { exporter, buffer, client }, page);
  } finally {
    for (const one of [exporter, buffer, client]) one.stop();
    await store.close();
    await redis.stop();
    rmSync(dir, { recursive: true });
  }
}

interface Servers {
  readonly exporter: Server;
  readonly buffer: Server;
  readonly client: Server;
}

interface Measured extends Used {
  readonly firstMs: number;
}

async function scraped(server: Server, encoding: string, times = 1): Promise<Measured> {
  await server.used();
  const all = await Promise.all(Array.from({ length: times }, () => scrape(server.url, encoding)));
  return { firstMs: all[0]?.firstMs ?? NaN, ...(await server.used()) };
}

/**
 * One way to scrape, of all three servers in turns. What a page leaves to be collected is collected at the
 * cost of its like.
 */
async function rounds(
  folding: Folding,
  { exporter, buffer, client }: Servers,
  encoding: string,
): Promise<{ ours: Measured; still: Measured; prom: Measured }[]> {
  const measured = [];
  for (let round = -UNMEASURED; round < ROUNDS; round++) {
    changeJobs(folding, round + UNMEASURED);
    await commit(folding);
    const ours = await scraped(exporter, encoding);
    const still = await scraped(buffer, encoding);
    const prom = await scraped(client, encoding);
    if (round >= 0) measured.push({ ours, still, prom });
  }
  return measured;
}

async function measure(folding: Folding, servers: Servers, page: Buffer): Promise<void> {
  const plain = await rounds(folding, servers, 'identity');
  const gzip = await rounds(folding, servers, 'gzip');
  const twenty: number[] = [];
  for (const one of plain.slice(0, ROUNDS / 2)) {
    changeJobs(folding, twenty.length);
    await commit(folding);
    const many = await scraped(servers.exporter, 'identity', 20);
    const still = await scraped(servers.buffer, 'identity', 20);
    // What 20 readers are sent is sent 20 times in any case.
    const [made, madeOfOne] = [many.cpuMs - still.cpuMs, one.ours.cpuMs - one.still.cpuMs];
    twenty.push(Math.max(0, made) / Math.max(1, madeOfOne));
  }
  const more = { jobs: JOBS, bytes: page.length, series: readSamples(page.toString()).length };
  const figure = (
    name: string,
    unit: string,
    goal: Goal,
    values: readonly number[],
    cpuMs?: number,
  ): void => {
    const all = cpuMs === undefined ? more : { ...more, cpuMs };
    report({ bench: 'scrape', figure: name, unit, goal, rounds: values, more: all });
  };
  const times = 'times the CPU time';
  const [plainMs, gzipMs] = [plain, gzip].map((all) => medianOf(all.map(({ ours }) => ours.cpuMs)));
  figure(
    'plain / ready Buffer',
    times,
    { atMost: 2 },
    plain.map(({ ours, still }) => ours.cpuMs / still.cpuMs),
    plainMs,
  );
  figure(
    'prom-client / plain',
    times,
    { atLeast: 15 },
    plain.map(({ ours, prom }) => prom.cpuMs / ours.cpuMs),
    plainMs,
  );
  figure(
    'gzip / zlib level 1',
    times,
    { atMost: 0.5 },
    gzip.map(({ ours, still }) => ours.cpuMs / still.cpuMs),
    gzipMs,
  );
  figure(
    'prom-client / gzip',
    times,
    { atLeast: 6 },
    gzip.map(({ ours, prom }) => prom.cpuMs / ours.cpuMs),
    gzipMs,
  );
  figure('20 at once / 1', times, { atMost: 2 }, twenty);
  figure(
    'first byte',
    'ms',
    { atMost: 10 },
    plain.map(({ ours }) => ours.firstMs),
  );
  const [turns, held] = (['turns', 'heldTurns'] as const).map((of) =>
    [...plain, ...gzip].reduce((sum, { ours }) => sum + ours[of], 0),
  );
  figure('turns of the event loop over 10 ms', 'share', { atMost: 0.001 }, [(held ?? 0) / (turns ?? 1)]);
  figure(
    'memory / page',
    'times its bytes',
    { atMost: 1.5 },
    gzip.map(({ ours }) => ours.rssBytes / page.length),
  );
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
