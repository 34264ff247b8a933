/** What was acknowledged counts, once, however the embedded server ends. */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { watchCounters } from '../support/counters';
import { readPage } from '../support/page-series';
import { post, runCommand, startServer, until, type Server } from '../support/server';
import { depth } from '../support/depth';

const KILLS = depth(5, 40);
const RUNS = 5;
const SENDERS = 3;
const MINUTE = 60_000;

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-crash-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/**
 * Requests that were answered 202, and those whose answer was lost: each submits RUNS runs of a project of
 * its own.
 */
interface Sent {
  readonly acknowledged: string[];
  readonly unknown: string[];
}

let requests = 0;

function batchOf(project: string): string[] {
  return Array.from({ length: RUNS }, (_, i) =>
    JSON.stringify({
      specversion: '1.0',
      id: `${project}-${String(i)}`,
      source: '/crash',
      type: 'fleetmeter.run.submitted.v1',
      time: new Date().toISOString(),
      data: { project, user: 'ann', run: { id: `${project}-${String(i)}`, name: 'train', type: 'task' } },
    }),
  );
}

/** Sends one request after the other, several at a time, until the server is gone. */
async function load(server: Server, sent: Sent): Promise<void> {
  const sender = async (): Promise<void> => {
    for (;;) {
      const project = `p${String(requests++)}`;
      try {
        const { status } = await post(server.url, batchOf(project));
        if (status !== 202) return;
        sent.acknowledged.push(project);
      } catch {
        sent.unknown.push(project);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
}

async function pageOf(server: Server, query = ''): Promise<string> {
  const response = await fetch(`${server.url}/metrics${query}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${String(response.status)}: ${text}`);
  return text;
}

/** The page of what the log holds, which nobody has open now. */
async function renderLog(at: string): Promise<string> {
  const file = join(dir, 'events.ndjson');
  const exported = await runCommand(['events', 'export', file], { FLEETMETER_DATA_DIR: dir });
  expect(exported).toMatchObject({ code: 0 });
  const { code, stdout } = await runCommand(['render', '--events', file, '--at', at]);
  expect(code).toBe(0);
  return stdout;
}

/** Runs that count of each project, when all that is acknowledged is on the page. */
async function countRuns(server: Server, sent: Sent): Promise<Map<string, number>> {
  let counts = new Map<string, number>();
  await until(
    async () => {
      const page = readPage(await pageOf(server));
      counts = new Map(
        [...page].flatMap(([key, value]) => {
          const project = /^dstack_run_count_total\{dstack_project_name="(\w+)"/.exec(key)?.[1];
          return project === undefined ? [] : [[project, value] as const];
        }),
      );
      return sent.acknowledged.every((project) => counts.has(project));
    },
    MINUTE,
    () => `not all that was acknowledged is on the page: ${server.said()}`,
  );
  return counts;
}

function wrongCounts(counts: ReadonlyMap<string, number>, sent: Sent): string[] {
  const wrong = sent.acknowledged.filter((project) => counts.get(project) !== RUNS);
  const tooMany = sent.unknown.filter((project) => (counts.get(project) ?? 0) > RUNS);
  return [...wrong, ...tooMany].map((project) => `${project}: ${String(counts.get(project))}`);
}

test(
  `killed at ${String(KILLS)} moments under load`,
  async () => {
    const sent: Sent = { acknowledged: [], unknown: [] };
    const watch = watchCounters();
    for (let kill = 0; kill < KILLS; kill++) {
      const server = await startServer({ FLEETMETER_DATA_DIR: dir });
      expect(watch.see(await pageOf(server))).toEqual([]);
      const loading = load(server, sent);
      // The moment of the crash is what is random here.
      await delay(randomInt(20, 400));
      await server.kill();
      await loading;
    }
    const server = await startServer({ FLEETMETER_DATA_DIR: dir });
    expect(watch.see(await pageOf(server))).toEqual([]);
    const counts = await countRuns(server, sent);
    const at = new Date(Date.now() + MINUTE).toISOString();
    const page = await pageOf(server, `?at=${at}`);
    await server.kill();
    expect(page).toBe(await renderLog(at));
    expect(sent.acknowledged.length).toBeGreaterThan(KILLS);
    expect(wrongCounts(counts, sent)).toEqual([]);
  },
  8 * MINUTE,
);

test(
  'asked to end under load, it ends in order',
  async () => {
    const sent: Sent = { acknowledged: [], unknown: [] };
    const server = await startServer({ FLEETMETER_DATA_DIR: dir });
    const loading = load(server, sent);
    await until(
      () => sent.acknowledged.length > 20,
      MINUTE,
      () => 'nothing is acknowledged',
    );
    expect(await server.terminate()).toBe(0);
    await loading;

    const again = await startServer({ FLEETMETER_DATA_DIR: dir });
    const counts = await countRuns(again, sent);
    await again.kill();
    expect(wrongCounts(counts, sent)).toEqual([]);
  },
  3 * MINUTE,
);
