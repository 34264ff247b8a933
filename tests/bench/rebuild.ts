/**
 * The history of a fleet, rebuilt: how fast, beside reading the same log without folding it; in how much
 * memory; and whether live page, rebuilt page and `render` of the export are the same bytes, and `verify`
 * finds nothing. `EVENTS=1000000,2000000,5000000` are the sizes at which that is done, one log growing from
 * one to the next; `LOGS=embedded,kafka`; `JOBS=200` run at a time, so that a history is long rather than
 * wide. It runs what is built: `npm run build` first.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { decodeEvent, encodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import { openLog, openStore } from '../../services/cli/compose';
import { readSettings, type Settings } from '../../services/cli/settings';
import { simulate } from '../../services/demo/simulation';
import type { EventLog } from '../../services/log/port';
import { inParallel } from '../../services/replay/parallel';
import { printTable } from '../chaos/table';
import { startKafka } from '../support/kafka';
import { readPage } from '../support/page-series';
import { startRedis } from '../support/redis';
import { until } from '../support/server';
import { runWatched, startServing, type Watched } from './process';

const HOUR_MS = 3_600_000;
/**
 * Lifecycle events that a running job makes an hour; a little less than measured, so that the history ends
 * before now.
 */
const EVENTS_PER_JOB_HOUR = 18;
const BATCH = 5000;
/** As a rebuild reads them. */
const PARTITIONS_AT_ONCE = 4;
const FOLDED_WITHIN_MS = 3_600_000;
const LOGS = ['embedded', 'kafka'] as const;

type LogName = (typeof LOGS)[number];
type Environment = Record<string, string>;

interface Place {
  readonly name: LogName;
  readonly env: Environment;
  readonly close: () => Promise<void>;
}

interface Row {
  readonly log: LogName;
  readonly events: number;
  readonly read: Reading;
  readonly decoded: Reading;
  readonly rebuild: Watched;
  readonly entities: number;
  readonly tombstones: number;
}

/** A read of the whole log: how long, and with how much CPU. */
interface Reading {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export async function run(): Promise<void> {
  const sizes = (process.env['EVENTS'] ?? '100000').split(',').map(Number);
  const jobs = Number(process.env['JOBS'] ?? 200);
  const asked = (process.env['LOGS'] ?? LOGS.join(',')).split(',');
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-rebuild-'));
  const most = Math.max(...sizes);
  const startMs = Date.now() - (most / jobs / EVENTS_PER_JOB_HOUR) * HOUR_MS;
  const atMs = Date.now() + 6 * HOUR_MS;
  const places: Place[] = [];
  const rows: Row[] = [];
  try {
    for (const name of LOGS) if (asked.includes(name)) places.push(await openPlace(name, dir));
    const history = simulate({
      seed: 1,
      jobs,
      speed: 1,
      startMs,
      endMs: Infinity,
      telemetryFromMs: Infinity,
    });
    let written = 0;
    for (const size of sizes) {
      const span = await write(history, places, size - written);
      console.log(`${String(size)} events, the last of ${span}`);
      for (const place of places) {
        const row = await measureRebuild(place, dir, size, atMs);
        console.log(JSON.stringify(row));
        rows.push(row);
      }
      written = size;
    }
    for (const place of places) await checkWhole(place, dir, atMs);
  } finally {
    for (const { close } of places) await close();
    rmSync(dir, { recursive: true, force: true });
  }
  report(rows);
}

async function openPlace(name: LogName, dir: string): Promise<Place> {
  const common = { FLEETMETER_DATA_DIR: join(dir, 'data'), FLEETMETER_LOG_LEVEL: 'error' };
  if (name === 'embedded') return { name, env: common, close: () => Promise.resolve() };
  const [kafka, redis] = await Promise.all([startKafka(), startRedis()]);
  const env = { FLEETMETER_KAFKA_BROKERS: kafka.brokers.join(','), FLEETMETER_REDIS_URL: redis.url };
  const close = async (): Promise<void> => {
    await Promise.all([kafka.stop(), redis.stop()]);
  };
  return { name, env: { ...common, ...env }, close };
}

function settingsOf(env: Environment): Settings {
  const read = readSettings(env, 'store');
  if (!read.ok) throw new Error(read.mistakes.join('\n'));
  return read.settings;
}

async function withLog<T>({ env }: Place, work: (log: EventLog) => Promise<T>): Promise<T> {
  const log = await openLog(settingsOf(env), pino({ level: 'error' }));
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}

/** Puts so many events more on each log, recorded when they happened. Returns the last one's time. */
async function write(
  history: ReturnType<typeof simulate>,
  places: readonly Place[],
  count: number,
): Promise<string> {
  const logs: EventLog[] = [];
  for (const { env } of places) logs.push(await openLog(settingsOf(env), pino({ level: 'error' })));
  let lastMs = 0;
  for (let left = count; left > 0;) {
    const records = [];
    for (let n = Math.min(left, BATCH); n > 0; n--) {
      const { value: event } = history.next();
      if (event === undefined) throw new Error('a fleet lives for ever');
      const { topic, key } = routeOf(event);
      const value = Buffer.from(encodeEvent({ ...event, recordedTimeMs: event.timeMs }));
      lastMs = event.timeMs;
      records.push({ topic, key, value });
    }
    for (const log of logs) {
      const placed = records.map((one) => ({ ...one, partition: partitionOf(one.key, log.partitions) }));
      const result = await log.append(placed);
      if (result.kind === 'unavailable') throw new Error(result.detail);
    }
    left -= records.length;
  }
  if (lastMs > Date.now()) throw new Error('the history reaches beyond now: more JOBS make it shorter');
  for (const log of logs) await log.close();
  return new Date(lastMs).toISOString();
}

async function measureRebuild(place: Place, dir: string, events: number, atMs: number): Promise<Row> {
  const live = await pageAt(place, atMs);
  const read = await readAll(place, false);
  const decoded = await readAll(place, true);
  const rebuild = await runWatched(['replay'], place.env, join(dir, 'replay.out'));
  const counts = await countEntries(place);
  const rebuilt = await pageAt(place, atMs);
  if (rebuilt !== live)
    throw new Error(`${place.name}, ${String(events)} events: the rebuilt page is another`);
  return { log: place.name, events, read, decoded, rebuild, ...counts };
}

/** The page as of a moment, when all is folded; it is folded meanwhile. */
async function pageAt({ env }: Place, atMs: number): Promise<string> {
  const sinceMs = Date.now();
  const server = await startServing(env);
  try {
    await until(
      async () => {
        if (!server.isRunning()) return true;
        const page = readPage(await (await fetch(`${server.url}/metrics`)).text());
        return (page.get('fleetmeter_page_timestamp_seconds{}') ?? 0) * 1000 > sinceMs;
      },
      FOLDED_WITHIN_MS,
      () => 'the log is not folded',
    );
    const answer = await fetch(
      `${server.url}/metrics?at=${encodeURIComponent(new Date(atMs).toISOString())}`,
    );
    if (!answer.ok) throw new Error(await answer.text());
    return await answer.text();
  } finally {
    await server.stop();
  }
}

function readAll(place: Place, decodes: boolean): Promise<Reading> {
  return withLog(place, async (log) => {
    const bounds = await log.bounds('lifecycle');
    if (bounds.kind === 'unavailable') throw new Error(bounds.detail);
    const startMs = performance.now();
    const startCpu = process.cpuUsage();
    await inParallel(bounds.partitions, PARTITIONS_AT_ONCE, async ({ start, end }, partition) => {
      for await (const records of log.read('lifecycle', partition, start, end)) {
        if (decodes) for (const { value } of records) decodeEvent(value ?? Buffer.alloc(0));
      }
    });
    const { user, system } = process.cpuUsage(startCpu);
    return { seconds: (performance.now() - startMs) / 1000, cpuSeconds: (user + system) / 1e6 };
  });
}

/** What the store has of the current generation: entities, and ids that settled ones have left. */
async function countEntries({ env }: Place): Promise<{ entities: number; tombstones: number }> {
  const store = await openStore(settingsOf(env), pino({ level: 'error' }));
  try {
    let [entities, tombstones] = [0, 0];
    for (let partition = 0; partition < store.partitions; partition++) {
      for await (const entries of store.load(partition, 'shown'))
        entities += entries.filter(({ key }) => key.startsWith('e:')).length;
      for await (const entries of store.load(partition, 'kept')) tombstones += entries.length;
    }
    return { entities, tombstones };
  } finally {
    await store.close();
  }
}

/** Verifies the store, and compares the page with that of the log's export. */
async function checkWhole(place: Place, dir: string, atMs: number): Promise<void> {
  const file = join(dir, 'events.ndjson');
  const out = join(dir, 'out');
  const steps: (readonly [string, Watched])[] = [];
  steps.push(['verify', await runWatched(['verify'], place.env, out)]);
  writeFileSync(join(dir, 'live'), await pageAt(place, atMs));
  steps.push(['export', await runWatched(['events', 'export', file], place.env, out)]);
  const at = new Date(atMs).toISOString();
  steps.push([
    'render',
    await runWatched(['render', '--events', file, '--at', at], place.env, join(dir, 'rendered')),
  ]);
  const isSame = readFileSync(join(dir, 'live')).equals(readFileSync(join(dir, 'rendered')));
  printTable(
    `${place.name}: page and \`render\` of the export are ${isSame ? 'the same bytes' : 'NOT the same bytes'}`,
    ['', 'seconds', 'CPU s', 'anonymous MB', 'mapped MB'],
    steps.map(([name, { seconds, cpuSeconds, anonymousMb, mappedMb }]) => [
      name,
      seconds.toFixed(0),
      cpuSeconds.toFixed(0),
      String(anonymousMb),
      String(mappedMb),
    ]),
  );
  if (!isSame) throw new Error('the pages differ');
}

function report(rows: readonly Row[]): void {
  const head = ['log', 'events', 'read s', 'CPU s', 'decoded s', 'CPU s', 'rebuilt s', 'CPU s'];
  const ratios = ['× read', 'in CPU', '× decoded', 'in CPU'];
  printTable(
    'a rebuild beside a read of the same log; live page = rebuilt page, to the byte',
    [...head, ...ratios, 'anonymous MB', 'mapped MB', 'entities', 'ids left'],
    rows.map(({ log, events, read, decoded, rebuild, entities, tombstones }) => [
      log,
      String(events),
      ...[read, decoded, rebuild].flatMap(({ seconds, cpuSeconds }) => [
        seconds.toFixed(1),
        cpuSeconds.toFixed(1),
      ]),
      ...[read, decoded].flatMap((reading) => [
        (rebuild.seconds / reading.seconds).toFixed(1),
        (rebuild.cpuSeconds / reading.cpuSeconds).toFixed(1),
      ]),
      String(rebuild.anonymousMb),
      String(rebuild.mappedMb),
      String(entities),
      String(tombstones),
    ]),
  );
}
