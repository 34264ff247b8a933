/**
 * Replays beside running replicas, on a real Kafka and a real Redis: scrapes see no fall and no gap, also
 * where the replay is killed.
 */
import { Redis } from 'ioredis';
import pino from 'pino';
import { encodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import { openKafkaLog } from '../../services/log/kafka/log';
import { createTopics } from '../../services/log/kafka/topics';
import type { EventLog } from '../../services/log/port';
import type { GenerationStore } from '../../services/store/port';
import { openRedisStore } from '../../services/store/redis/store';
import { startKafka, type KafkaCluster, TELEMETRY_RETENTION } from '../support/kafka';
import { readPage } from '../support/page-series';
import { startRedis, type RedisServer } from '../support/redis';
import { runCommand, startServer, type Server } from '../support/server';
import { tell, type Told } from '../support/told';
import { startCommand, type Command } from './command';
import { EPOCH_MS, jobLife } from './fleet';
import { startScraper, type Scraper } from './scraper';
import { setTimeout as delay } from 'node:timers/promises';

const KILLS = 5;
jest.setTimeout(300_000 + KILLS * 60_000);

const PARTITIONS = 3;
const JOBS = 1000;
/** Of the status of each job's instance: so many that a rebuild commits each partition more than once. */
const CHANGES = 20;
/** Of a kill that comes too late. */
const ATTEMPTS = 20;
/** A page that takes longer is a gap that a Prometheus sees. */
const SCRAPE_INTERVAL_MS = 15_000;

let kafka: KafkaCluster;
let redis: RedisServer;
let admin: Redis;
let log: EventLog;
let store: GenerationStore;
let settings: Record<string, string>;
let aggregator: Server;
let exporters: Server[];
let scraper: Scraper;
let startMs: number;

function restless(id: string, startS: number): Told[] {
  return Array.from({ length: CHANGES }, (_, n) => ({
    type: 'instance.status_changed',
    atMs: EPOCH_MS + (startS + 10 * (n + 1)) * 1000,
    data: { instance: { id }, status: n % 2 === 0 ? 'busy' : 'idle' },
  }));
}

/** A life told for the fleet's own time, as of this test's start. */
function shifted(told: Told): Told {
  const atMs = told.atMs - EPOCH_MS + startMs;
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
  const topics = await createTopics({ ...connection, telemetry: TELEMETRY_RETENTION });
  if (topics.kind === 'unavailable') throw new Error(topics.detail);
  log = openKafkaLog({ ...connection, groupId: 'test' });
  store = openRedisStore({ url: redis.url, partitions: PARTITIONS, logger });
  settings = {
    FLEETMETER_KAFKA_BROKERS: kafka.brokers.join(','),
    FLEETMETER_REDIS_URL: redis.url,
    FLEETMETER_PARTITIONS: String(PARTITIONS),
    FLEETMETER_LATENESS_SECONDS: '600',
    FLEETMETER_LOG_LEVEL: 'error',
  };
  startMs = Date.now() - 7_200_000;
  await append(
    Array.from({ length: JOBS }, (_, n) => [
      ...jobLife(`job-${n}`, n, n % 4 === 0 ? undefined : n + 600),
      ...restless(`instance-job-${n}`, n),
    ]).flat(),
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
  await store.close();
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
      if (!field.startsWith('e:') || !value.includes(`"kind":"job","id":"${job}"`)) continue;
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
  expect(stderr).toMatch(/compared [\d,]+ entities\n$/);
});

test('a price planted in the store by hand is found, told of with its records, explained, and mended', async () => {
  await plant('job-8');
  const found = await runCommand(['verify'], settings);
  expect(found.code).toBe(1);
  expect(found.stdout).toContain('job run-job-8/job-8 fleetmeter_job_cost_dollars_total{');
  expect(found.stdout).toContain('fleetmeter.job.provisioned.v1');
  expect(found.stderr).toMatch(/\d+ differences\. "fleetmeter replay" repairs them/);
  expect((await runCommand(['verify', '--project', 'nobody'], settings)).code).toBe(0);

  const series = 'fleetmeter_job_cost_dollars_total{dstack_job_id="job-8"}';
  const explained = await runCommand(['explain', series], settings);
  expect(explained.code).toBe(0);
  expect(explained.stdout).toMatch(/ job run-job-8\/job-8 .* {2}3600 \$\/h × [\d.]+ s\n.*job\.submitted/);
  expect(explained.stdout).toContain(' job.provisioned 3600 $/h: ');

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

/** How many lifecycle records a generation was folded from, as committed. */
async function foldedOf(name: string): Promise<number> {
  const standings = await store.generations.standings(name);
  if (standings.kind === 'unavailable') throw new Error(standings.detail);
  return standings.partitions.reduce((sum, { head }) => sum + (head?.positions.lifecycle ?? 0), 0);
}

/** What the store's generations are, and the switch that was begun last. */
interface Names {
  readonly current: string;
  readonly switching: string | null;
}

async function names(): Promise<Names> {
  const switching = await admin.hget('fleetmeter:generation', 'switching');
  return { current: await generation(), switching };
}

/** Something of the new generation is committed, and more is to come. */
async function isRebuilding({ current }: Names): Promise<boolean> {
  const building = await admin.hget('fleetmeter:generation', 'building');
  if (building === null) return false;
  const folded = await foldedOf(building);
  return folded > 0 && folded < (await foldedOf(current));
}

/** Another switch is begun than before, and not made. */
async function isSwitching(before: Names): Promise<boolean> {
  const { current, switching } = await names();
  return current === before.current && switching !== null && switching !== before.switching;
}

type IsThere = (before: Names) => Promise<boolean>;

/** Kills a replay in the middle of what it does: that it was there is seen when it is gone. */
async function killAmid(
  isThere: IsThere,
  comesThere: (replay: Command, before: Names) => Promise<void>,
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await names();
    expect(await isThere(before)).toBe(false);
    const replay = startCommand(['replay'], settings);
    await comesThere(replay, before);
    await replay.kill();
    const wasThere = await isThere(before);
    await scraper.movesOn();
    if (!wasThere) continue;
    expect(await generation()).toBe(before.current);
    return;
  }
  throw new Error('each kill came too late');
}

function until(isThere: IsThere) {
  return async (replay: Command, before: Names): Promise<void> => {
    while (replay.isRunning() && !(await isThere(before))) await delay(2);
  };
}

test('killed while it rebuilds, it goes on from there when it is started again', async () => {
  for (let kill = 0; kill < KILLS; kill++) {
    await killAmid(isRebuilding, until(isRebuilding));
    const { code, stderr } = await runCommand(['replay'], settings);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^going on with generation \d+\n/)]);
    await scraper.movesOn();
  }
  expect((await runCommand(['verify'], settings)).code).toBe(0);
  expect(scraper.faults).toEqual([]);
  expect(scraper.longestAnswerMs()).toBeLessThan(SCRAPE_INTERVAL_MS);
});

test('killed while it switches, it leaves the old generation, which goes on, and the next one switches', async () => {
  const moments = [
    until(isSwitching),
    (replay: Command) => replay.said('sealed the running generation'),
    (replay: Command) => replay.said('folded the new one to the same positions'),
  ];
  for (let kill = 0; kill < KILLS; kill++) {
    await append(jobLife(`new-${kill}`, 7200));
    await killAmid(isSwitching, moments[kill % moments.length]!);
  }
  const { code, stderr } = await runCommand(['replay'], settings);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^going on with generation \d+\n/)]);
  await scraper.movesOn();
  expect(await total()).toBe(JOBS + KILLS);
  expect((await runCommand(['verify'], settings)).code).toBe(0);
  expect(scraper.faults).toEqual([]);
  expect(scraper.longestAnswerMs()).toBeLessThan(SCRAPE_INTERVAL_MS);
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
