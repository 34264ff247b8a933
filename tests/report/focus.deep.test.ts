/**
 * A month of a fleet as FOCUS: its official validator takes it, and the sum of its lines is what the page's
 * counters grew by.
 */
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent } from '../../events/codec';
import { simulate } from '../../services/demo/simulation';
import { validateFocus } from '../support/python';
import { readPage } from '../support/page-series';
import { runCommand } from '../support/server';

const MINUTE = 60_000;
const FROM = Date.UTC(2026, 9, 1);
const TO = Date.UTC(2026, 10, 1);

let dir: string;
let events: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-focus-'));
  events = join(dir, 'month.ndjson');
  const file = createWriteStream(events);
  // It begins before the month, so that what runs on into it is not counted twice.
  const life = { seed: 7, jobs: 12, speed: 1, telemetryFromMs: Infinity };
  for (const event of simulate({ ...life, startMs: FROM - 3 * 86_400_000, endMs: TO })) {
    if (!file.write(`${encodeEvent(event)}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}, 5 * MINUTE);
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function pageAt(timeMs: number): Promise<Map<string, number>> {
  const { code, stdout } = await runCommand([
    'render',
    '--events',
    events,
    '--at',
    new Date(timeMs).toISOString(),
  ]);
  expect(code).toBe(0);
  return readPage(stdout);
}

/** All series of a family, in nano-dollars: below 2^53 a double holds each exactly. */
function nanoDollars(page: ReadonlyMap<string, number>, family: string): bigint {
  const values = [...page].filter(([key]) => key.startsWith(`${family}{`)).map(([, value]) => value);
  return values.reduce((sum, value) => sum + BigInt(Math.round(value * 1e9)), 0n);
}

test(
  'a month of the demo',
  async () => {
    const time = ['--from', '2026-10-01', '--to', '2026-11-01'];
    const { code, stdout, stderr } = await runCommand([
      'cost',
      ...time,
      '--format',
      'focus',
      '--events',
      events,
    ]);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('refused')]);
    const csv = join(dir, 'focus.csv');
    writeFileSync(csv, stdout);
    expect(validateFocus(csv)).toBe('Validation succeeded.\n');

    const [head = '', ...lines] = stdout.trimEnd().split('\r\n');
    const at = head.split(',').indexOf('BilledCost');
    expect(lines.length).toBeGreaterThan(1000);
    // The cells before it have no commas.
    const sum = lines.reduce((all, line) => all + BigInt((line.split(',')[at] ?? '').replace('.', '')), 0n);
    const [before, after] = [await pageAt(FROM), await pageAt(TO)];
    const grown = (family: string) => nanoDollars(after, family) - nanoDollars(before, family);
    // All jobs of the demo are on instances that it tells of.
    expect(sum).toBe(
      grown('fleetmeter_fleet_cost_dollars_total') + grown('fleetmeter_storage_cost_dollars_total'),
    );
    const jobs = lines.filter((line) => line.includes(',Jobs,')).map((line) => line.split(',')[at] ?? '');
    expect(jobs.reduce((all, cost) => all + BigInt(cost.replace('.', '')), 0n)).toBe(
      grown('fleetmeter_usage_cost_dollars_total'),
    );
  },
  10 * MINUTE,
);
