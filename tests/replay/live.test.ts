/**
 * Replays beside running replicas, on a real Kafka and a real Redis: scrapes see no fall and no gap, also where the replay is killed. So
 * often in each phase: KILLS.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pino from 'pino';
import { encodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import { openKafkaLog } from '../../services/log/kafka/log';
import { createTopics } from '../../services/log/kafka/topics';
import type { EventLog } from '../../services/log/port';
import { startKafka, type KafkaCluster } from '../support/kafka';
import { readPage } from '../support/page-series';
import { startRedis, type RedisServer } from '../support/redis';
import { runCommand, startServer, type Server } from '../support/server';
import { tell, type Told } from '../support/told';
import { startCommand } from './command';
import { jobLife } from './fleet';
import { startScraper, type Scraper } from './scraper';

jest.setTimeout(400_000);

const KILLS = Number(process.env['KILLS'] ?? 2);
const PARTITIONS = 3;
const JOBS = 1500;
const MAX_KILL_DELAY_MS = 700;

let kafka: KafkaCluster;
let redis: RedisServer;
let admin: Redis;
let log: EventLog;
let settings: Record<string, string>;
let aggregator: Server;
let exporters: Server[];
let scraper: Scraper;
let startMs: number;

/** A life told for the fleet's own time, as of this test's start. */
function shifted(told: Told): Told {
  const atMs = told.atMs - Date.UTC(2026, 10, 24, 8) + startMs;
  return { ...told, atMs, recordedtime: new Date(Math.min(atMs, Date.now())).toISOString() };
}

async function append(lives: readonly Told[]): Promise<void> {
  const records = lives.map((told) => {
    const event = tell(shifted(told));
    const { topic, key } = routeOf(event);
    return { topic, key, partition: partitionOf(key, PARTITIONS), value: Buffer.from(encodeEvent(event)) };
  });
  for (let from = 0; from < records.length; from += 5000) {
    const result = await log.append(records.slice(from, from + 5000));
    if (result.kind !== 'appended') throw new Error(result.detail);
  }
}

beforeAll(async () => {
  [kafka, redis] = await Promise.all([startKafka(), startRedis()]);
  admin = new Redis(redis.port);
  const logger = pino({ level: 'silent' });
  const connection = { brokers: kafka.brokers, clientId: 'test', logger, partitions: PARTITIONS };
  const topics = await createTopics(connection);
  if (topics.kind === 'unavailable') throw new Error(topics.detail);
  log = openKafkaLog({ ...connection, groupId: 'test' });
  settings = {
    FLEETMETER_KAFKA_BROKERS: kafka.brokers.join(','),
    FLEETMETER_REDIS_URL: redis.url,
    FLEETMETER_PARTITIONS: String(PARTITIONS),
    FLEETMETER_LATENESS_SECONDS: '600',
    FLEETMETER_LOG_LEVEL: 'error',
  };
  startMs = Date.now() - 7_200_000;
  await append(
    Array.from({ length: JOBS }, (_, n) => jobLife(`job-${n}`, n, n % 4 === 0 ? undefined : n + 600)).flat(),
  );
  aggregator = await startServer({ ...settings, FLEETMETER_ROLES: 'aggregator' });
  const exporter = { ...settings, FLEETMETER_ROLES: 'exporter' };
  exporters = await Promise.all([startServer(exporter), startServer(exporter)]);
  scraper = startScraper(exporters.map(({ url }) => url));
  await scraper.movesOn();
});

afterAll(async () => {
  await scraper.stop();
  for (const server of [aggregator, ...exporters]) await server.terminate();
  await log.close();
  admin.disconnect();
  await Promise.all([kafka.stop(), redis.stop()]);
});

async function generation(): Promise<string> {
  return (await admin.hget('fleetmeter:generation', 'current')) ?? '1';
}

/** Doubles the price of a job by hand, where it stands in the store. */
async function plant(job: string): Promise<void> {
  const name = await generation();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const key = `fleetmeter:${name}:{${partition}}:shown`;
    for (const [field, value] of Object.entries(await admin.hgetall(key))) {
      if (!field.startsWith('e:') || !value.includes(`"jobId":"${job}"`)) continue;
      await admin.hset(key, field, value.replaceAll('3600000000000', '7200000000000'));
      return;
    }
  }
  throw new Error(`no ${job} in the store`);
}

async function total(): Promise<number> {
  const page = readPage(await (await fetch(`${exporters[0]!.url}/metrics`)).text());
  return [...page]
    .filter(([key]) => key.startsWith('dstack_run_count_total'))
    .reduce((sum, [, value]) => sum + value, 0);
}

test('the store has what the log gives', async () => {
  const { code, stdout, stderr } = await runCommand(['verify'], settings);
  expect([code, stdout]).toEqual([0, 'the store has what the log gives\n']);
  expect(stderr).toMatch(/compared \d+ entities\n$/);
});

test('a price planted in the store by hand is found, told of with its records, and mended', async () => {
  await plant('job-8');
  const found = await runCommand(['verify'], settings);
  expect(found.code).toBe(1);
  expect(found.stdout).toContain('job job-8 of run run-job-8 fleetmeter_job_cost_dollars_total{');
  expect(found.stdout).toContain('fleetmeter.job.provisioned.v1');
  expect(found.stderr).toMatch(/\d+ differences\. "fleetmeter replay" mends them/);
  expect((await runCommand(['verify', '--project', 'nobody'], settings)).code).toBe(0);

  const dry = await runCommand(['replay', '--dry-run'], settings);
  expect(dry.code).toBe(0);
  expect(dry.stdout).toContain('counters have another ledger');
  expect(await generation()).toBe('1');

  const { code, stdout } = await runCommand(['replay'], settings);
  expect([code, await generation()]).toEqual([0, '2']);
  expect(stdout).toContain('generation 2 is shown now; "fleetmeter replay --rollback" goes back to 1');
  await scraper.movesOn();
  expect((await runCommand(['verify'], settings)).code).toBe(0);
  expect(scraper.faults).toEqual([]);
});

test('killed while it rebuilds, it goes on from there when it is started again', async () => {
  const before = await generation();
  for (let kill = 0; kill < KILLS; kill++) {
    const replay = startCommand(['replay'], settings);
    await replay.said(kill === 0 ? 'building generation' : 'generation');
    await delay(Math.random() * MAX_KILL_DELAY_MS);
    await replay.kill();
    await scraper.movesOn();
  }
  // On a fast machine the rebuild may be over before it is killed.
  const reached = Number(await generation());
  expect(reached).toBeGreaterThanOrEqual(Number(before));
  const { code, stderr } = await runCommand(['replay'], settings);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^(going on with|building) generation \d+\n/);
  await scraper.movesOn();
  expect((await runCommand(['verify'], settings)).code).toBe(0);
  expect(scraper.faults).toEqual([]);
});

test('killed while it switches, it leaves the old generation or the new one, and both go on', async () => {
  for (let kill = 0; kill < KILLS; kill++) {
    await append(jobLife(`new-${kill}`, 7200));
    const replay = startCommand(['replay'], settings);
    await replay.said('sealed the running generation');
    await delay(Math.random() * 100 * (kill % 4));
    await replay.kill();
    const scrapes = scraper.count();
    await scraper.movesOn();
    expect(scraper.count()).toBeGreaterThan(scrapes);
  }
  const { code } = await runCommand(['replay'], settings);
  expect(code).toBe(0);
  await scraper.movesOn();
  expect(await total()).toBe(JOBS + KILLS);
  expect((await runCommand(['verify'], settings)).code).toBe(0);
  expect(scraper.faults).toEqual([]);
});

test('back to the generation before, and forth again', async () => {
  const from = await generation();
  await append(jobLife('after', 7300));
  const { code, stdout } = await runCommand(['replay', '--rollback'], settings);
  expect(code).toBe(0);
  expect(stdout).toContain(`goes back to ${from}`);
  await scraper.movesOn();
  expect(await total()).toBe(JOBS + KILLS + 1);
  expect((await runCommand(['replay', '--rollback'], settings)).code).toBe(0);
  expect(await generation()).toBe(from);
  await scraper.movesOn();
  expect((await runCommand(['verify', '--sample', '50'], settings)).code).toBe(0);
  expect(scraper.faults).toEqual([]);
});

test('an aggregator with another lateness waits for a replay, and goes on after it', async () => {
  const other = { ...settings, FLEETMETER_LATENESS_SECONDS: '900' };
  await aggregator.terminate();
  await append(jobLife('waited', 7400));
  // It is not ready before that.
  const starting = startServer({ ...other, FLEETMETER_ROLES: 'aggregator' });
  try {
    expect((await runCommand(['verify'], other)).code).toBe(1);
    const stoodMs = scraper.pageTimeMs();
    expect((await runCommand(['replay'], other)).code).toBe(0);
    expect(scraper.pageTimeMs()).toBe(stoodMs);
  } finally {
    aggregator = await starting;
  }
  await scraper.movesOn();
  expect(aggregator.said()).toContain('Run: fleetmeter replay');
  expect(await total()).toBe(JOBS + KILLS + 2);
  expect((await runCommand(['verify'], other)).code).toBe(0);
  expect(scraper.faults).toEqual([]);
});

test('the page of a past moment, from the log', async () => {
  const at = new Date(startMs + 3_000_000).toISOString();
  const { code, stdout } = await runCommand(['replay', '--until', at], settings);
  expect(code).toBe(0);
  const page = readPage(stdout);
  expect(page.get('fleetmeter_page_timestamp_seconds{}')).toBe((startMs + 3_000_000) / 1000);
  expect(page.get('dstack_run_count_total{dstack_project_name="p",dstack_user_name="u"}')).toBe(JOBS);
});
