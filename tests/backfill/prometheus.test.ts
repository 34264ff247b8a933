/**
 * What promtool makes of a backfill, and what a real Prometheus answers of it, against the oracle's ledger.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backfill } from '../../services/cli/commands/backfill';
import { readSettings, type Settings } from '../../services/cli/settings';
import { foldNaively } from '../oracle/index';
import { differencesOf } from '../support/page-series';
import { FLEET_FROM_MS, FLEET_HOURS, fleetLines } from './fleet';
import { addBlocks, keyOf, startPrometheus, type Prometheus } from './prometheus';

const STEP_MS = 300_000;
const HOUR_MS = 3_600_000;
const FROM_MS = FLEET_FROM_MS - (FLEET_FROM_MS % STEP_MS);
const TO_MS = FROM_MS + FLEET_HOURS * HOUR_MS;
const DEFAULT_FAMILIES =
  /^fleetmeter_(?:usage_cost_dollars|usage_gpu_seconds|fleet_cost_dollars|fleet_idle_cost_dollars|jobs_finished|job_finish_reasons)_total\{/;

const lines = fleetLines(7, 40);
let dir: string;
let files: string[];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-backfill-'));
  writeFileSync(join(dir, 'events.ndjson'), lines.join('\n'));
  files = await printed(() =>
    backfill(
      {
        from: new Date(FROM_MS).toISOString(),
        to: new Date(TO_MS).toISOString(),
        step: '5m',
        events: join(dir, 'events.ndjson'),
        out: join(dir, 'out'),
      },
      settings(),
    ),
  );
}, 120_000);

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

function settings(): Settings {
  const read = readSettings({}, 'log');
  if (!read.ok) throw new Error(read.mistakes.join());
  return read.settings;
}

/** The lines that a command prints. */
async function printed(command: () => Promise<void>): Promise<string[]> {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await command();
    return write.mock.calls.map(([text]) => String(text).trimEnd());
  } finally {
    write.mockRestore();
  }
}

/** The default families of the ledger as of a moment, as Prometheus knows them. */
const ledgers = new Map<number, ReadonlyMap<string, number>>();
function ledgerAt(atMs: number): ReadonlyMap<string, number> {
  const known = ledgers.get(atMs);
  if (known !== undefined) return known;
  const { partitions, latenessMs, dedupeMs, sampleTtlMs } = settings();
  const { series } = foldNaively(lines, { partitions, latenessMs, dedupeMs, sampleTtlMs, atMs });
  const ours = [...series].filter(([key]) => DEFAULT_FAMILIES.test(key));
  const ledger = new Map(ours.map(([key, value]) => [keyOf(key), value]));
  ledgers.set(atMs, ledger);
  return ledger;
}

test('a file a UTC day, each within its day', () => {
  expect(files.map((file) => file.slice(-13))).toEqual(['2026-03-10.om', '2026-03-11.om', '2026-03-12.om']);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    const days = [...text.matchAll(/ (\d+)\n/g)].map(([, s]) =>
      new Date(Number(s) * 1000).toISOString().slice(0, 10),
    );
    expect([...new Set(days)]).toEqual([file.slice(-13, -3)]);
    const families = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    expect(new Set(families).size).toBe(families.length);
  }
});

describe('in a Prometheus', () => {
  let prometheus: Prometheus;

  beforeAll(async () => {
    for (const file of files) await addBlocks(file, dir);
    prometheus = await startPrometheus(dir);
  }, 120_000);

  afterAll(() => prometheus.stop());

  const hours = (h: number): number => FROM_MS + h * HOUR_MS;

  test.each([1, 14, 15, 24, 38.75, 47, 60])('after %d h every series is the ledger’s', async (h) => {
    const found = await prometheus.query('{__name__=~"fleetmeter_.+"}', hours(h));
    expect(ledgerAt(hours(h)).size).toBeGreaterThan(10);
    expect(differencesOf(ledgerAt(hours(h)), found)).toEqual([]);
  });

  test.each([
    [30, 6],
    [44, 20],
  ])('after %d h, the difference to %d h before is exact', async (h, back) => {
    const name = 'fleetmeter_usage_cost_dollars_total';
    const found = await prometheus.query(`${name} - ${name} offset ${back}h`, hours(h));
    const before = ledgerAt(hours(h - back));
    const expected = [...ledgerAt(hours(h))].flatMap(([key, value]) => {
      const was = before.get(key);
      return key.startsWith(name) && was !== undefined
        ? [[key.slice(name.length), value - was] as const]
        : [];
    });
    expect(expected.length).toBeGreaterThan(5);
    expect(differencesOf(new Map(expected), found)).toEqual([]);
  });

  test.each([
    [30, 6, 0],
    [44, 20, 131],
  ])('after %d h, increase() over %d h is within a step’s share at each edge', async (h, back, seconds) => {
    const name = 'fleetmeter_usage_cost_dollars_total';
    const atMs = hours(h) + 1000 * seconds;
    const found = await prometheus.query(`increase(${name}[${back}h])`, atMs);
    const fromMs = atMs - back * HOUR_MS;
    const floor = (ms: number): number => ms - ((ms - FROM_MS) % STEP_MS);
    let compared = 0;
    for (const [key, value] of ledgerAt(atMs)) {
      const was = ledgerAt(fromMs).get(key);
      if (!key.startsWith(name) || was === undefined) continue;
      const between = (a: number, b: number): number =>
        (ledgerAt(b).get(key) ?? 0) - (ledgerAt(a).get(key) ?? 0);
      const edges =
        between(floor(fromMs), floor(fromMs) + STEP_MS) + between(floor(atMs), floor(atMs) + STEP_MS);
      const average = ((value - was) / (back * HOUR_MS)) * STEP_MS;
      const off = Math.abs((found.get(key.slice(name.length)) ?? NaN) - (value - was));
      expect([key, off <= edges + 2 * average + 1e-9]).toEqual([key, true]);
      compared++;
    }
    expect(compared).toBeGreaterThan(5);
  });
});
