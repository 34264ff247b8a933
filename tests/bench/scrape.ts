import { createServer, request } from 'node:http';
import { type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import pino from 'pino';
import { Gauge, Registry } from 'prom-client';
import { takeRecord } from '../../services/partition/intake';
import { closeBatch } from '../../services/partition/commit';
import { openPartition, type Partition } from '../../services/partition/partition';
import { openRedisStore } from '../../services/store/redis/store';
import type { StateStore } from '../../services/store/port';
import { openReplica } from '../exporter/world';
import { readSamples } from '../support/page-series';
import { startRedis } from '../support/redis';
import { report } from './figure';

/**
 * Scrapes over HTTP, of state in Redis: a tenth of the jobs has changed since the scrape before, and durations and costs move. The peers
 * send a page of the same bytes: one as a ready Buffer, one by prom-client. All run in this process, in turns, with their client.
 */
const QUICK = process.argv.includes('--quick');
const JOBS = QUICK ? 1000 : 10_000;
const ROUNDS = 10;
const START_MS = Date.UTC(2026, 10, 24, 8);
const SETTINGS = { latenessMs: 86_400_000, dedupeMs: 30 * 86_400_000, sampleTtlMs: 600_000, asOfMs: null };

const compress = promisify(gzip);

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

interface Scraped {
  readonly ms: number;
  readonly firstMs: number;
  readonly cpuMs: number;
  readonly body: Buffer;
}

async function scrape(url: string, encoding: string, isKept = false): Promise<Scraped> {
  const before = process.cpuUsage();
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
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - startMs, firstMs, cpuMs: (user + system) / 1000, body };
}

async function serve(answer: (isGzip: boolean) => Promise<Buffer>): Promise<{ url: string; close(): void }> {
  const server = createServer((asked, response) => {
    void answer(asked.headers['accept-encoding'] === 'gzip').then((body) => response.end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(),
  };
}

/** The same page as prom-client has it: each family a gauge, values set before. */
function registryOf(page: string): Registry {
  const registry = new Registry();
  const gauges = new Map<string, Gauge>();
  for (const { name, labels, value } of readSamples(page)) {
    const labelNames = labels.map(([label]) => label);
    const gauge = gauges.get(name) ?? new Gauge({ name, help: name, labelNames, registers: [registry] });
    gauges.set(name, gauge);
    gauge.set(Object.fromEntries(labels), value);
  }
  return registry;
}

export async function run(): Promise<void> {
  const redis = await startRedis();
  const store = openRedisStore({ url: redis.url, partitions: 1, logger: pino({ level: 'silent' }) });
  const acquired = await store.acquire(0);
  if (acquired.kind === 'unavailable') throw new Error(acquired.detail);
  const partition = openPartition(0, acquired, null, SETTINGS);
  const folding: Folding = { partition, store, offset: 0, pageTimeMs: START_MS + 3_600_000 };
  for (let n = 0; n < JOBS; n++) tellJob(folding, n);
  await commit(folding);
  const exporter = await openReplica(store);
  const { body: ready } = await scrape(`${exporter.url}/metrics`, 'identity', true);
  const registry = registryOf(ready.toString());
  const buffer = await serve((isGzip) => (isGzip ? compress(ready, { level: 1 }) : Promise.resolve(ready)));
  const client = await serve(async (isGzip) => {
    const page = Buffer.from(await registry.metrics());
    return isGzip ? compress(page, { level: 1 }) : page;
  });
  try {
    await measure(folding, exporter.url, buffer.url, client.url, ready);
  } finally {
    for (const one of [exporter, buffer, client]) one.close();
    await store.close();
    await redis.stop();
  }
}

async function measure(
  folding: Folding,
  ours: string,
  buffer: string,
  client: string,
  ready: Buffer,
): Promise<void> {
  const ratios = {
    plain: [] as number[],
    client: [] as number[],
    gzip: [] as number[],
    clientGzip: [] as number[],
  };
  const first: number[] = [];
  const twenty: number[] = [];
  const next = async (round: number): Promise<void> => {
    changeJobs(folding, round);
    await commit(folding);
  };
  for (let round = -1; round < ROUNDS; round++) {
    await next(2 * round + 2);
    const plain = await scrape(`${ours}/metrics`, 'identity');
    const still = await scrape(buffer, 'identity');
    const prom = await scrape(client, 'identity');
    await next(2 * round + 3);
    const small = await scrape(`${ours}/metrics`, 'gzip');
    const stillGzip = await scrape(buffer, 'gzip');
    const promGzip = await scrape(client, 'gzip');
    const many = async (url: string): Promise<number> => {
      const before = process.cpuUsage();
      await Promise.all(Array.from({ length: 20 }, () => scrape(url, 'identity')));
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    const sending = await many(buffer);
    const all = await many(`${ours}/metrics`);
    if (round < 0) continue;
    ratios.plain.push(plain.cpuMs / still.cpuMs);
    ratios.client.push(prom.cpuMs / plain.cpuMs);
    ratios.gzip.push(small.cpuMs / stillGzip.cpuMs);
    ratios.clientGzip.push(promGzip.cpuMs / small.cpuMs);
    first.push(plain.firstMs);
    twenty.push((all - sending) / Math.max(1, plain.cpuMs - still.cpuMs));
  }
  const more = { jobs: JOBS, bytes: ready.length, series: readSamples(ready.toString()).length };
  const of = { bench: 'scrape', more };
  const times = 'times the CPU time';
  report({ ...of, figure: 'plain / ready Buffer', unit: times, goal: { atMost: 2 }, rounds: ratios.plain });
  report({ ...of, figure: 'prom-client / plain', unit: times, goal: { atLeast: 15 }, rounds: ratios.client });
  report({ ...of, figure: 'gzip / zlib level 1', unit: times, goal: { atMost: 0.5 }, rounds: ratios.gzip });
  report({
    ...of,
    figure: 'prom-client / gzip',
    unit: times,
    goal: { atLeast: 6 },
    rounds: ratios.clientGzip,
  });
  report({ ...of, figure: 'first byte', unit: 'ms', goal: { atMost: 10 }, rounds: first });
  report({ ...of, figure: '20 at once / 1', unit: times, goal: { atMost: 2 }, rounds: twenty });
}
