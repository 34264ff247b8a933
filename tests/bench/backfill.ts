/**
 * A long history filled into a real Prometheus, and what that answers, beside the ledger computed apart: what
 * two samples differ by must be exact, `increase()` within a step's share at each edge of its window.
 * `DAYS=90`; `JOBS=200` run at a time, and live `SPEED=0.05` times as fast as the demo's, whose runs are
 * short; `STEP=5` minutes. It runs what is built: `npm run build` first.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent } from '../../events/codec';
import { simulate } from '../../services/demo/simulation';
import { addBlocks, keyOf, startPrometheus, type Prometheus } from '../backfill/prometheus';
import { inParallel } from '../../services/replay/parallel';
import { printTable } from '../chaos/table';
import { foldNaively } from '../oracle/index';
import { DEFAULT_SETTINGS } from '../support/history';
import { differencesOf } from '../support/page-series';
import { runWatched } from './process';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 0, 1);
const PROMTOOLS_AT_ONCE = 4;
/** Not on a step. */
const ASIDE_MS = 131_000;

const WINDOWS = [
  ['1h', HOUR_MS],
  ['1d', DAY_MS],
  ['30d', 30 * DAY_MS],
] as const;

/** What is asked: a family, and what it is added up by. */
const QUESTIONS = [
  ['cost by project', 'fleetmeter_usage_cost_dollars_total', 'dstack_project_name'],
  ['GPU seconds by user', 'fleetmeter_usage_gpu_seconds_total', 'dstack_user_name'],
  ['idle cost by project', 'fleetmeter_fleet_idle_cost_dollars_total', 'dstack_project_name'],
  ['runs that failed', 'dstack_run_count_failed_total', 'dstack_project_name'],
  ['runs that are done', 'dstack_run_count_done_total', 'dstack_project_name'],
] as const;

type Ledger = ReadonlyMap<string, number>;

export async function run(): Promise<void> {
  const days = Number(process.env['DAYS'] ?? 90);
  const stepMinutes = Number(process.env['STEP'] ?? 5);
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-backfill-'));
  try {
    const lines = historyLines(days);
    await writeFile(
      join(dir, 'events.ndjson'),
      lines.map((line) => `${line}\n`),
    );
    console.log(`${String(lines.length)} events of ${String(days)} days`);
    await fillIn(dir, days, stepMinutes);
    const prometheus = await startPrometheus(dir);
    try {
      const ledgerAt = openLedgers(lines);
      const atMs = START_MS + (days - 1) * DAY_MS;
      await compareDifferences(prometheus, ledgerAt, atMs);
      await compareIncreases(prometheus, ledgerAt, atMs, stepMinutes * 60_000);
    } finally {
      await prometheus.stop();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function historyLines(days: number): string[] {
  const life = {
    seed: 1,
    jobs: Number(process.env['JOBS'] ?? 200),
    speed: Number(process.env['SPEED'] ?? 0.05),
  };
  const span = { startMs: START_MS, endMs: START_MS + days * DAY_MS, telemetryFromMs: Infinity };
  return Array.from(simulate({ ...life, ...span }), (event) => encodeEvent(event));
}

/** Backfills the default families, and those that count runs, and makes blocks of both. */
async function fillIn(dir: string, days: number, stepMinutes: number): Promise<void> {
  const rows: string[][] = [];
  for (const families of [undefined, 'dstack_run_count_*']) {
    const out = join(dir, families === undefined ? 'default' : 'runs');
    const span = ['--from', timeText(START_MS), '--to', timeText(START_MS + days * DAY_MS)];
    const chosen = families === undefined ? [] : ['--families', families];
    const step = ['--step', `${String(stepMinutes)}m`];
    const filled = await runWatched(
      ['backfill', ...span, ...step, ...chosen, '--events', join(dir, 'events.ndjson'), '--out', out],
      {},
      join(dir, 'printed'),
    );
    const startMs = performance.now();
    const files = readdirSync(out).sort();
    await inParallel(files, PROMTOOLS_AT_ONCE, (file) => addBlocks(join(out, file), dir));
    rows.push([
      families ?? 'default',
      String(files.length),
      megabytes(out),
      filled.seconds.toFixed(0),
      String(filled.anonymousMb),
      ((performance.now() - startMs) / 1000).toFixed(0),
    ]);
  }
  const head = ['families', 'files', 'MB', 'backfill s', 'anonymous MB', 'promtool s'];
  printTable('filled in', head, rows);
  console.log(`blocks: ${megabytes(join(dir, 'data'))} MB`);
}

function megabytes(dir: string): string {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  const bytes = files.reduce((sum, file) => sum + statSync(join(dir, file)).size, 0);
  return (bytes / 1e6).toFixed(1);
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** The ledger as of a moment, as Prometheus knows its series. */
function openLedgers(lines: readonly string[]): (atMs: number) => Ledger {
  const ledgers = new Map<number, Ledger>();
  return (atMs) => {
    const known = ledgers.get(atMs);
    if (known !== undefined) return known;
    const { series } = foldNaively(lines, { ...DEFAULT_SETTINGS, atMs });
    const asked = [...series].filter(([key]) => QUESTIONS.some(([, family]) => key.startsWith(`${family}{`)));
    const ledger = new Map(asked.map(([key, value]) => [keyOf(key), value]));
    ledgers.set(atMs, ledger);
    return ledger;
  };
}

/** Series by series, to the last digit. */
async function compareDifferences(
  prometheus: Prometheus,
  ledgerAt: (atMs: number) => Ledger,
  atMs: number,
): Promise<void> {
  const rows: string[][] = [];
  for (const [what, family] of QUESTIONS) {
    for (const [window, ms] of WINDOWS) {
      const found = await prometheus.query(`${family} - ${family} offset ${window}`, atMs);
      const before = ledgerAt(atMs - ms);
      const expected = [...ledgerAt(atMs)].flatMap(([key, value]) => {
        const was = key.startsWith(`${family}{`) ? before.get(key) : undefined;
        return was === undefined ? [] : [[key.slice(family.length), value - was] as const];
      });
      const differences = differencesOf(new Map(expected), found);
      rows.push([what, window, String(expected.length), String(differences.length)]);
    }
  }
  printTable('X - X offset WINDOW, against the ledger', ['', 'window', 'series', 'that differ'], rows);
}

/** Group by group, as of a moment between two steps. */
async function compareIncreases(
  prometheus: Prometheus,
  ledgerAt: (atMs: number) => Ledger,
  stepAtMs: number,
  stepMs: number,
): Promise<void> {
  const atMs = stepAtMs + ASIDE_MS;
  const rows: string[][] = [];
  for (const [what, family, label] of QUESTIONS) {
    for (const [window, ms] of WINDOWS) {
      const found = await prometheus.query(`sum by (${label}) (increase(${family}[${window}]))`, atMs);
      const grown = (from: number, to: number): Ledger => growth(ledgerAt(from), ledgerAt(to), family, label);
      const truth = grown(atMs - ms, atMs);
      const edges = [stepAtMs - ms, stepAtMs].map((edgeMs) => grown(edgeMs, edgeMs + stepMs));
      let most = 0;
      let over = 0;
      for (const [group, value] of truth) {
        const off = Math.abs((found.get(group) ?? 0) - value);
        const atEdges = edges.reduce((sum, edge) => sum + (edge.get(group) ?? 0), 0);
        const share = (value * stepMs) / ms;
        if (off > atEdges + 2 * share + 1e-9) over++;
        if (value > 0) most = Math.max(most, off / value);
      }
      rows.push([what, window, String(truth.size), `${(100 * most).toFixed(3)} %`, String(over)]);
    }
  }
  const head = ['', 'window', 'groups', 'off by at most', 'over the bound'];
  printTable('increase(X[WINDOW]) between two steps, against the ledger', head, rows);
}

/** By how much a family's series that were there before have grown, added up by a label. */
function growth(before: Ledger, after: Ledger, family: string, label: string): Ledger {
  const groups = new Map<string, number>();
  for (const [key, value] of after) {
    if (!key.startsWith(`${family}{`)) continue;
    const group = `{${new RegExp(`${label}="[^"]*"`).exec(key)?.[0] ?? ''}}`;
    groups.set(group, (groups.get(group) ?? 0) + value - (before.get(key) ?? 0));
  }
  return groups;
}
