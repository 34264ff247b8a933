/**
 * A server whose clock is two days ahead for seconds, as a real process: libfaketime moves its clock, not its
 * monotonic one.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeEvent } from '../../events/codec';
import { readPage } from '../support/page-series';
import { provide } from '../support/provide';
import { post, startServer, until, type Server } from '../support/server';
import { jobProvisioned, jobSubmitted, tell } from '../support/told';

jest.setTimeout(120_000);

const PAGE_TIME = 'fleetmeter_page_timestamp_seconds{}';

let dir: string;
let server: Server;
let stop: () => Promise<void>;

beforeEach(() => {
  stop = () => Promise.resolve();
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-clock-'));
});
afterEach(async () => {
  await stop();
  rmSync(dir, { recursive: true, force: true });
});

function setClock(seconds: number): void {
  writeFileSync(join(dir, 'clock'), `+${String(seconds)}\n`);
}

async function start(): Promise<void> {
  const [faketime] = (await provide('faketime')).argv;
  const library = execFileSync(faketime, ['-m', 'now', 'printenv', 'LD_PRELOAD'], {
    encoding: 'utf8',
  }).trim();
  server = await startServer({
    FLEETMETER_DATA_DIR: join(dir, 'data'),
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: join(dir, 'clock'),
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_RESET: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  });
  stop = () => server.kill();
}

/** It costs 10 dollars an hour. */
async function beginJob(id: string): Promise<void> {
  const price = { price: { dollars_per_hour: 10 } };
  const told = [jobSubmitted(id), jobProvisioned(id, {}, price)];
  const lines = told.map((each) => encodeEvent(tell({ ...each, atMs: Date.now() })));
  expect((await post(server.url, lines)).status).toBe(202);
  await until(
    async () => (await dollarsOf(id)) !== undefined,
    20_000,
    () => `${id} is not shown`,
  );
}

async function page(): Promise<ReadonlyMap<string, number>> {
  return readPage(await (await fetch(`${server.url}/metrics`)).text());
}

async function dollarsOf(id: string): Promise<number | undefined> {
  const isCost = (key: string): boolean =>
    key.startsWith('fleetmeter_job_cost_dollars_total{') && key.includes(`dstack_job_id="${id}"`);
  return [...(await page())].find(([key]) => isCost(key))?.[1];
}

async function aheadSeconds(): Promise<number> {
  return ((await page()).get(PAGE_TIME) ?? 0) - Date.now() / 1000;
}

test('while it runs: nothing is charged for it', async () => {
  setClock(0);
  await start();
  await beginJob('before');
  setClock(172_800);
  await until(
    async () => (await fetch(`${server.url}/-/ready?role=aggregator`)).status === 503,
    10_000,
    () => 'the step was not seen',
  );
  await delay(2000);
  expect(await aheadSeconds()).toBeLessThan(1);
  setClock(0);
  await beginJob('after');
  expect(await dollarsOf('before')).toBeLessThan(1);
  expect(await dollarsOf('after')).toBeLessThan(1);
});

test('at a start: what begins after it was set right is charged from then', async () => {
  setClock(0);
  await start();
  await beginJob('before');
  await server.kill();
  setClock(172_800);
  await start();
  await until(
    async () => ((await dollarsOf('before')) ?? 0) > 480,
    20_000,
    () => 'page time does not follow the first clock that it knows',
  );
  await server.kill();
  setClock(0);
  await start();
  await beginJob('after');
  expect(Math.abs(await aheadSeconds())).toBeLessThan(2);
  expect(await dollarsOf('before')).toBeGreaterThan(480);
  expect(await dollarsOf('after')).toBeLessThan(1);
});
