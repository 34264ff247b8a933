/**
 * What a bridge costs a dstack server, beside a Prometheus that scrapes the server's page each 15 s:
 * processor time of real servers over the same minutes, each with the same 1,000 active jobs, with DCGM and
 * without. `MINUTES=` (15), `ACTIVE=` and `RUNS=` change it; to fill the databases takes some minutes more.
 * With few jobs dstack's page costs little, and the share says nothing. It runs what is built:
 * `npm run build` first.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ADMIN_TOKEN, startDstack, type DstackServer } from '../bridge/dstack-server';
import { freePort } from '../support/ports';
import { startCommand, startServer, until, type Command } from '../support/server';
import { report } from './figure';
import { usageOf } from './process';

const SCRAPE_MS = 15_000;
const SNAPSHOT_MS = 600_000;
/** What a bridge does once after its snapshot, such as a list of all, is over by then. */
const SETTLED_MS = 60_000;

export async function run(): Promise<void> {
  const minutes = Number(process.env['MINUTES'] ?? 15);
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-bridge-load-'));
  const ends: (() => Promise<unknown>)[] = [];
  try {
    for (const dcgm of [2, 0]) await fill(join(dir, String(dcgm)), dcgm);
    const pairs = await Promise.all([2, 0].map((dcgm) => startPair(dir, dcgm, ends)));
    await delay(SETTLED_MS);
    const before = pairs.map(usageOfPair);
    await Promise.all(pairs.map(({ scraped }) => scrape(scraped, minutes * 60_000)));
    for (const [index, pair] of pairs.entries()) {
      const [bridged, scraped] = [0, 1].map((side) => {
        const [from, to] = [before[index]?.[side] ?? NaN, usageOfPair(pair)[side] ?? NaN];
        return to - from;
      });
      report({
        bench: 'bridge-load',
        figure: `${pair.dcgm === 0 ? 'without' : 'with'} DCGM`,
        unit: 'CPU of dstack, bridge to Prometheus',
        goal: { atMost: 0.1 },
        rounds: [(bridged ?? NaN) / (scraped ?? NaN)],
        more: { minutes, bridgeCpuSeconds: bridged ?? NaN, prometheusCpuSeconds: scraped ?? NaN },
      });
    }
  } finally {
    for (const end of ends.reverse()) await end();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function fill(folder: string, dcgm: number): Promise<void> {
  const filler = await startDstack({ dir: folder });
  const [active, runs] = [Number(process.env['ACTIVE'] ?? 1000), Number(process.env['RUNS'] ?? 1200)];
  filler.fill({ active, runs, dcgm });
  await filler.stop();
}

interface Pair {
  readonly dcgm: number;
  readonly bridged: DstackServer;
  readonly scraped: DstackServer;
}

/** Two servers with the same database, one of them watched by a bridge whose snapshot is whole. */
async function startPair(dir: string, dcgm: number, ends: (() => Promise<unknown>)[]): Promise<Pair> {
  const filled = join(dir, String(dcgm));
  const copy = `${filled}-scraped`;
  cpSync(filled, copy, { recursive: true });
  const bridged = await startDstack({ dir: filled });
  const scraped = await startDstack({ dir: copy });
  ends.push(bridged.stop, scraped.stop);
  const server = await startServer({ FLEETMETER_DATA_DIR: `${filled}-data` });
  ends.push(server.kill);
  const bridge = await startBridge(bridged, server.url, `${filled}-state`);
  ends.push(bridge.kill);
  return { dcgm, bridged, scraped };
}

async function startBridge(dstack: DstackServer, server: string, state: string): Promise<Command> {
  const token = `${state}-token`;
  writeFileSync(token, ADMIN_TOKEN);
  const listen = `127.0.0.1:${String(await freePort())}`;
  const args = ['--url', dstack.url, '--token-file', token, '--state', state, '--listen', listen];
  const settings = { FLEETMETER_LISTEN: new URL(server).host };
  const bridge = startCommand(['bridge', 'dstack', ...args], settings);
  await until(
    async () => (await fetch(`http://${listen}/-/ready`)).ok,
    SNAPSHOT_MS,
    () => `the snapshot is not whole: ${bridge.said()}`,
  );
  return bridge;
}

function usageOfPair({ bridged, scraped }: Pair): readonly number[] {
  return [bridged, scraped].map(({ pid }) => usageOf(pid).cpuSeconds);
}

async function scrape({ url }: DstackServer, forMs: number): Promise<void> {
  const endMs = Date.now() + forMs;
  for (let nextMs = Date.now(); nextMs < endMs; nextMs += SCRAPE_MS) {
    await delay(Math.max(0, nextMs - Date.now()));
    await (await fetch(`${url}/metrics`)).text();
  }
  await delay(Math.max(0, endMs - Date.now()));
}
