/**
 * Wrong and hostile requests while scrapes go on: scrapes stay about as quick as in quiet, and memory stays
 * where it was.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { post, startServer, until, type Server } from '../support/server';

/** Quiet and hostile parts take turns, so that what else the machine does is in both. */
const ROUNDS = 6;
const PART_MS = 4000;
const SCRAPE_EVERY_MS = 20;
const INSTANCES = 400;
const MOST_GROWN_BYTES = 64 * 2 ** 20;

let dir: string;
let server: Server;
let attacker: ChildProcess;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-hostile-'));
  server = await startServer({
    FLEETMETER_DATA_DIR: dir,
    FLEETMETER_LOG_LEVEL: 'error',
    FLEETMETER_ALLOW_ANONYMOUS_INGEST: 'true',
    FLEETMETER_SCRAPE_TOKEN: 'scrape',
  });
  expect(
    (
      await post(
        server.url,
        Array.from({ length: INSTANCES }, (_, i) => started(i)),
      )
    ).status,
  ).toBe(202);
  await until(
    async () => (await scrape()).includes(`dstack_instance_id="i${String(INSTANCES - 1)}"`),
    30_000,
    () => 'the fleet is not on the page',
  );
  attacker = fork(resolve(__dirname, '../support/attack.ts'), [server.url], {
    execArgv: ['-r', '@swc-node/register'],
  });
  // Strangers have machines of their own: to send must not take this one's time from what is measured.
  setPriority(attacker.pid ?? 0, 19);
  for (const pid of [server.pid, process.pid]) putFirst(pid);
}, 120_000);
afterAll(async () => {
  attacker.kill();
  await server.kill();
  rmSync(dir, { recursive: true, force: true });
});

/** Before what else the machine does, where that is permitted. */
function putFirst(pid: number): void {
  try {
    setPriority(pid, -15);
  } catch {
    // Then the ratio of parts that take turns is all that keeps noise out.
  }
}

function started(i: number): string {
  const data = {
    project: 'p',
    instance: { id: `i${String(i)}`, name: `gpu-${String(i)}` },
    price: { dollars_per_hour: 98.32 },
  };
  const envelope = { specversion: '1.0', source: '/test', time: new Date().toISOString() };
  return JSON.stringify({ ...envelope, id: String(i), type: 'fleetmeter.instance.started.v1', data });
}

async function scrape(path = '/metrics'): Promise<string> {
  const answer = await fetch(server.url + path, { headers: { authorization: 'Bearer scrape' } });
  expect(answer.status).toBe(200);
  return answer.text();
}

/** How long each scrape took, in milliseconds. */
async function scrapeFor(spanMs: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (const endMs = Date.now() + spanMs; Date.now() < endMs;) {
    const startMs = performance.now();
    await scrape();
    tookMs.push(performance.now() - startMs);
    await delay(SCRAPE_EVERY_MS);
  }
  return tookMs;
}

async function scrapeUnderAttack(): Promise<number[]> {
  const done = once(attacker, 'message');
  attacker.send(PART_MS);
  const [tookMs] = await Promise.all([scrapeFor(PART_MS), done]);
  return tookMs;
}

function quantile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] ?? NaN;
}

async function residentBytes(): Promise<number> {
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(await scrape('/metrics/process'))?.[1]);
}

/** Twice is what it is to be on a quiet machine; a request that holds the server up makes it ten times. */
const MOST_RATIO = 4;

test('32 hostile requests a second', async () => {
  // What is allocated once is not what grows: both kinds of requests have been seen before it is measured.
  await scrapeUnderAttack();
  await scrapeUnderAttack();
  const beforeBytes = await residentBytes();
  const rounds: { readonly quiet: number[]; readonly hostile: number[] }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ quiet: await scrapeFor(PART_MS), hostile: await scrapeUnderAttack() });
  }
  const grownBytes = (await residentBytes()) - beforeBytes;
  const p99Of = (part: 'quiet' | 'hostile'): string =>
    quantile(
      rounds.flatMap((round) => round[part]),
      0.99,
    ).toFixed(1);
  console.log(
    `scrape p99: quiet ${p99Of('quiet')} ms, hostile ${p99Of('hostile')} ms; memory +${(grownBytes / 2 ** 20).toFixed(0)} MiB`,
  );
  // The middle one of the rounds: what hits the machine for a moment hits one part of one round.
  const ratio = quantile(
    rounds.map(({ quiet, hostile }) => quantile(hostile, 0.99) / quantile(quiet, 0.99)),
    0.5,
  );
  expect(ratio).toBeLessThan(MOST_RATIO);
  expect(grownBytes).toBeLessThan(MOST_GROWN_BYTES);
}, 300_000);
