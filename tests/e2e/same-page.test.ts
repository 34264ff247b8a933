/**
 * The same history through the embedded default, through Kafka and Redis with two replicas, and through
 * `render`: one page, to the byte, and the oracle's in every value. While it is sent, nobody sees a counter
 * fall.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeEvent } from '../../events/codec';
import { isTelemetry, type TelemetryEvent } from '../../events/event';
import { partitionOf, routeOf } from '../../events/routing';
import { formatTime } from '../../events/time';
import { history } from '../../services/demo/history';
import { foldNaively } from '../oracle/index';
import { pageTimeOf, watchCounters } from '../support/counters';
import { startKafka, type KafkaCluster } from '../support/kafka';
import { differencesOf, readPage } from '../support/page-series';
import { startRedis, type RedisServer } from '../support/redis';
import { post, runCommand, startServer, until, type Server } from '../support/server';
import { depth } from '../support/depth';

const EVENTS = depth(15_000, 100_000);
const BATCH = 2000;
const MINUTES = 60_000;
/** Between two scrapes: a page every moment would only measure how fast pages are written. */
const PACE_MS = 200;

const lines: string[] = [];
let dir: string;
let kafka: KafkaCluster;
let redis: RedisServer;
let embedded: Server;
let replicas: readonly [Server, Server];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-e2e-'));
  const endMs = Date.now();
  for (const event of history({ seed: 4, events: EVENTS, endMs, telemetry: true })) {
    if (!isTelemetry(event) || isKept(event, endMs)) lines.push(encodeEvent(event));
  }
  writeFileSync(join(dir, 'events.ndjson'), lines.join('\n'));
  [kafka, redis] = await Promise.all([startKafka(), startRedis()]);
  const shared = { FLEETMETER_KAFKA_BROKERS: kafka.brokers.join(), FLEETMETER_REDIS_URL: redis.url };
  embedded = await startServer({ FLEETMETER_DATA_DIR: join(dir, 'data') });
  replicas = await Promise.all([startServer(shared), startServer(shared)]);
}, 5 * MINUTES);

afterAll(async () => {
  await Promise.all([embedded, ...replicas].map((server) => server.kill()));
  await Promise.all([kafka.stop(), redis.stop()]);
  rmSync(dir, { recursive: true, force: true });
});

/**
 * The newest samples of a quarter of the runs and instances: as many kinds of series, and a page that is read
 * in no time.
 */
function isKept(sample: TelemetryEvent, endMs: number): boolean {
  return sample.timeMs > endMs - MINUTES / 2 && partitionOf(routeOf(sample).key, 4) === 0;
}

async function page(server: Server, query = ''): Promise<string> {
  const response = await fetch(`${server.url}/metrics${query}`);
  if (!response.ok) throw new Error(`${String(response.status)}: ${await response.text()}`);
  return response.text();
}

/** In order, as one control plane would send them. */
async function sendAll(to: readonly Server[]): Promise<void> {
  for (let from = 0, turn = 0; from < lines.length; from += BATCH, turn++) {
    const server = to[turn % to.length];
    const batch = lines.slice(from, from + BATCH);
    const { status, body } = await post(server?.url ?? '', batch);
    expect({ status, body }).toEqual({
      status: 202,
      body: `{"accepted":${String(batch.length)},"rejected":[]}`,
    });
  }
}

/** Scrapes the servers in turn until told to stop. */
function scrapeInTurn(servers: readonly Server[]): { stop(): Promise<string[]> } {
  const watch = watchCounters();
  const complaints: string[] = [];
  const over = new AbortController();
  let pageTime = 0;
  const scraping = (async () => {
    for (let turn = 0; !over.signal.aborted; turn++) {
      const server = servers[turn % servers.length];
      if (server === undefined) break;
      const text = await page(server);
      complaints.push(...watch.see(text));
      if (pageTimeOf(text) < pageTime) complaints.push(`page time fell to ${String(pageTimeOf(text))}`);
      pageTime = pageTimeOf(text);
      await delay(PACE_MS);
    }
  })();
  return {
    async stop() {
      over.abort();
      await scraping;
      return complaints;
    },
  };
}

test(
  'any way, the same page',
  async () => {
    const scrapers = [scrapeInTurn([embedded]), scrapeInTurn(replicas)];
    await sendAll([embedded]);
    await sendAll(replicas);

    const atMs = Date.now() + 2 * MINUTES;
    const at = formatTime(atMs);
    const rendered = await runCommand(['render', '--events', join(dir, 'events.ndjson'), '--at', at]);
    expect(rendered).toMatchObject({ code: 0, stderr: '' });
    for (const server of [embedded, ...replicas]) {
      const isSame = async () => (await page(server, `?at=${at}`)) === rendered.stdout;
      await until(
        isSame,
        1.5 * MINUTES,
        () => `the page of ${server.url} is not the rendered one: ${server.said()}`,
      );
    }
    for (const scraper of scrapers) expect(await scraper.stop()).toEqual([]);

    const [one, other] = await Promise.all(
      replicas.map((replica) => fetch(`${replica.url}/metrics?at=${at}`)),
    );
    expect(one?.headers.get('etag')).toBe(other?.headers.get('etag'));

    const settings = {
      partitions: 8,
      latenessMs: 86_400_000,
      dedupeMs: 30 * 86_400_000,
      sampleTtlMs: 600_000,
    };
    const judged = foldNaively(lines, { ...settings, atMs });
    expect(judged.dead).toEqual([]);
    expect(differencesOf(judged.series, readPage(rendered.stdout))).toEqual([]);
  },
  10 * MINUTES,
);
