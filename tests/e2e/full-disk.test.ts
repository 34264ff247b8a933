/**
 * The disk is full, and has room again: readiness says so, it goes on by itself, and what was acknowledged is
 * there.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent } from '../../events/codec';
import { readPage } from '../support/page-series';
import { post, startServer, until, type Server } from '../support/server';
import { resizeDisk, smallDisk } from '../support/small-disk';
import { runSubmitted, tell } from '../support/told';

jest.setTimeout(120_000);

const SMALL_MB = 4;
const BATCH = 500;
const PADDING = 'x'.repeat(600);

let dir: string;
let server: Server;

beforeEach(() => {
  stop = () => Promise.resolve();
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-full-'));
  for (const part of ['log', 'store']) mkdirSync(join(dir, part));
});

afterEach(async () => {
  await stop();
  rmSync(dir, { recursive: true, force: true });
});

let stop: () => Promise<void>;
let runs = 0;

function newRuns(): string[] {
  return Array.from({ length: BATCH }, () => {
    const run = runSubmitted(`run-${String(runs++)}`, { padding: PADDING });
    return encodeEvent(tell({ ...run, atMs: Date.now() }));
  });
}

/** Returns how many were acknowledged until it was enough. */
async function fill(isEnough: () => Promise<boolean>): Promise<number> {
  let acknowledged = 0;
  for (let batch = 0; batch < 100; batch++) {
    const { status } = await post(server.url, newRuns());
    if (status === 202) acknowledged += BATCH;
    if (await isEnough()) return acknowledged;
    if (status !== 202 && status !== 503) throw new Error(`answered ${String(status)}`);
  }
  // What is full by now may be told of later: a commit that fails once is no reason not to be ready.
  await until(isEnough, 30_000, () => 'the disk is not full yet');
  return acknowledged;
}

async function ready(role: string): Promise<string> {
  const response = await fetch(`${server.url}/-/ready?role=${role}`);
  return `${String(response.status)} ${await response.text()}`;
}

async function shownRuns(): Promise<number> {
  const page = await (await fetch(`${server.url}/metrics`)).text();
  const counts = [...readPage(page)].filter(([key]) => key.startsWith('dstack_run_count_total{'));
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

/** Starts the server; answers how to make its disk larger. */
async function startOnSmall(part: 'log' | 'store'): Promise<(megabytes: number) => void> {
  const folder = join(dir, part);
  const settings = { FLEETMETER_DATA_DIR: dir, FLEETMETER_PARTITIONS: '2' };
  server = await startServer(settings, [], smallDisk(folder, SMALL_MB));
  stop = () => server.kill();
  return (megabytes) => {
    resizeDisk(server.pid, folder, megabytes);
  };
}

test('of the log: appends are refused, the gateway is not ready, and goes on when there is room', async () => {
  const resize = await startOnSmall('log');
  const acknowledged = await fill(async () => (await ready('gateway')).startsWith('503'));
  expect(await ready('gateway')).toMatch(/^503 gateway: log not written: .*no space left on its disk/);
  expect(acknowledged).toBeGreaterThan(0);
  resize(16 * SMALL_MB);
  await until(
    async () => (await ready('gateway')).startsWith('200'),
    10_000,
    () => 'the gateway is not ready again',
  );
  expect((await post(server.url, newRuns())).status).toBe(202);
  await until(
    async () => (await shownRuns()) === acknowledged + BATCH,
    10_000,
    () => `of ${String(acknowledged + BATCH)} runs some are not shown, or some that were refused are`,
  );
});

test('of the store: nothing is committed, the aggregator is not ready, and folds on when there is room', async () => {
  const resize = await startOnSmall('store');
  const acknowledged = await fill(async () => (await ready('aggregator')).startsWith('503'));
  expect(await ready('aggregator')).toMatch(
    /^503 aggregator: partition \d was not committed for \d+ s: .*no space left on its disk/,
  );
  expect(await ready('gateway')).toMatch(/^200/);
  resize(32 * SMALL_MB);
  await until(
    async () => (await ready('aggregator')).startsWith('200') && (await shownRuns()) === acknowledged,
    20_000,
    () => `of ${String(acknowledged)} runs some are not shown`,
  );
});
