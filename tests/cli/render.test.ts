/**
 * `render` as a command: the same page whatever the order and the repeats, and the oracle's in every value.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent } from '../../events/codec';
import { formatTime } from '../../events/time';
import { history } from '../../services/demo/history';
import { foldNaively } from '../oracle/index';
import {
  DEFAULT_SETTINGS,
  duplicateEach,
  shuffleWithinLateness,
  validHistory,
  type CloudEvent,
} from '../support/history';
import { differencesOf, readPage } from '../support/page-series';
import { runCommand } from '../support/server';

jest.setTimeout(180_000);

const END_MS = Date.UTC(2026, 10, 24, 8);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-render-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function render(lines: readonly string[], ...options: string[]): Promise<string> {
  const file = join(dir, 'events.ndjson');
  writeFileSync(file, lines.join('\n'));
  const { code, stdout, stderr } = await runCommand(['render', '--events', file, ...options]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

function demoLines(events: number): string[] {
  return [...history({ seed: 11, events, endMs: END_MS, telemetry: true })].map((event) =>
    encodeEvent(event),
  );
}

test('every value of a fleet with telemetry is the oracle’s, and the page comes from standard input too', async () => {
  const lines = demoLines(3000);
  expect(lines.length).toBeGreaterThan(3000);
  const naive = foldNaively(lines, DEFAULT_SETTINGS);
  expect(naive.dead).toEqual([]);
  const page = await render(lines);
  expect(differencesOf(naive.series, readPage(page))).toEqual([]);
  const families = new Set([...naive.series.keys()].map((key) => key.slice(0, key.indexOf('{'))));
  for (const family of [
    'DCGM_FI_DEV_GPU_UTIL',
    'dstack_job_gpu_usage_ratio',
    'fleetmeter_usage_cost_dollars_total',
  ]) {
    expect(families).toContain(family);
  }
  expect((await runCommand(['render', '--events', '-'], {}, lines.join('\r\n'))).stdout).toBe(page);

  const atMs = END_MS - 2 * 3_600_000;
  const earlier = await render(lines, '--at', formatTime(atMs));
  const naiveThen = foldNaively(lines, { ...DEFAULT_SETTINGS, atMs });
  expect(differencesOf(naiveThen.series, readPage(earlier))).toEqual([]);
});

test('order and repeats show nowhere on the page', async () => {
  for (const seed of [1, 2]) {
    const events = validHistory(seed, 1500);
    const linesOf = (given: readonly CloudEvent[]): string[] => given.map((event) => JSON.stringify(event));
    const page = await render(linesOf(events));
    expect(readPage(page).size).toBeGreaterThan(50);
    expect(await render(linesOf(shuffleWithinLateness(events, seed)))).toBe(page);
    expect(await render(linesOf(duplicateEach(events)))).toBe(page);
    expect(await render(linesOf(shuffleWithinLateness(duplicateEach(events), seed + 7)))).toBe(page);
  }
});

test('OpenMetrics ends with # EOF, once', async () => {
  const page = await render(demoLines(200), '--format', 'openmetrics');
  expect(page.endsWith('\n# EOF\n')).toBe(true);
  expect(page.match(/# EOF/g)).toHaveLength(1);
  expect(page).toContain('# TYPE dstack_run_count counter\n');
});
