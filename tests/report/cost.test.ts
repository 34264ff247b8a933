/**
 * What a time cost is what an oracle that knows no report says, whatever the history is, and to the
 * nano-dollar.
 */
import fc from 'fast-check';
import { partAt } from '../../services/catalogue/tally';
import type { Column } from '../../services/report/column';
import { costNaively } from '../oracle/cost';
import { depth } from '../support/depth';
import { historyArbitrary, linesOf, makeHistory, type History } from '../support/history';
import { foldLines } from '../support/folded';
import { reportOf } from './support';

const FIRST_MS = Date.UTC(2026, 10, 24, 7, 55);
const DAY_MS = 86_400_000;
const KEY: readonly Column[] = ['project', 'user', 'backend', 'gpu', 'run_type'];

type Costs = ReadonlyMap<string, bigint>;

/** By kind and KEY, whatever else the report is broken down by. */
function costsOf(history: History, fromMs: number, toMs: number, more: readonly Column[]): Costs {
  const columns = [...KEY, ...more];
  const costs = new Map<string, bigint>();
  for (const { values, kind, amount } of reportOf(linesOf(history), history.settings, fromMs, toMs, columns)
    .rows) {
    const key = JSON.stringify([kind, ...values.slice(0, KEY.length)]);
    costs.set(key, (costs.get(key) ?? 0n) + amount.nanoDollars);
  }
  return new Map([...costs].filter(([, units]) => units !== 0n));
}

function inOrder(costs: Costs): [string, bigint][] {
  return [...costs].sort(([a], [b]) => (a < b ? -1 : 1));
}

const times = fc.record({
  fromS: fc.integer({ min: -600, max: 200_000 }),
  spanMs: fc.oneof(fc.integer({ min: 0, max: 7_200_000 }), fc.integer({ min: 0, max: 60 * DAY_MS })),
});

test.each<[string, readonly Column[]]>([
  ['at once', []],
  ['day by day', ['day']],
  ['by month, run, job, instance and fleet', ['month', 'run', 'job', 'instance', 'fleet']],
  ['by tag', ['tag:team', 'day']],
])(
  'any history, any time, %s',
  (_, more) => {
    fc.assert(
      fc.property(historyArbitrary(80), times, (history, { fromS, spanMs }) => {
        const fromMs = FIRST_MS + fromS * 1000;
        const expected = costNaively(linesOf(history), history.settings, fromMs, fromMs + spanMs);
        expect(inOrder(costsOf(history, fromMs, fromMs + spanMs, more))).toEqual(inOrder(expected));
      }),
      { numRuns: depth(25, 500) },
    );
  },
  120_000,
);

test('each kind is what the page’s counters have, and the kinds are the total', () => {
  fc.assert(
    fc.property(historyArbitrary(80), times, (history, { fromS, spanMs }) => {
      const fromMs = FIRST_MS + fromS * 1000;
      const { rows, total } = reportOf(linesOf(history), history.settings, fromMs, fromMs + spanMs, []);
      const sumOf = (kinds: readonly string[]) =>
        rows
          .filter(({ kind }) => kinds.includes(kind))
          .reduce((sum, row) => sum + row.amount.nanoDollars, 0n);
      const grown = (family: string) =>
        nanoDollarsAt(history, fromMs + spanMs, family) - nanoDollarsAt(history, fromMs, family);
      expect(sumOf(['job'])).toBe(grown('fleetmeter_usage_cost_dollars_total'));
      expect(sumOf(['idle'])).toBe(grown('fleetmeter_fleet_idle_cost_dollars_total'));
      expect(sumOf(['volume'])).toBe(grown('fleetmeter_storage_cost_dollars_total'));
      expect(sumOf(['job', 'idle', 'unallocated', 'volume'])).toBe(total.nanoDollars);
    }),
    { numRuns: depth(15, 300) },
  );
}, 120_000);

/** What all series of a family of the page add up to as of a moment, before it is printed as a double. */
function nanoDollarsAt(history: History, atMs: number, family: string): bigint {
  const { views } = foldLines(linesOf(history), history.settings, atMs);
  const series = views.flatMap(({ tally }) => [...tally.series.values()]);
  const parts = series.filter((one) => one.family.name === family).map((one) => partAt(one, atMs)[0] ?? 0n);
  return parts.reduce((sum, part) => sum + part, 0n);
}

test('a long history, of which much is settled and folded on the way', () => {
  const rows: number[] = [];
  for (const seed of [3, 5, 8].slice(0, depth(1, 3))) {
    const history = makeHistory(seed, 11_000);
    const middleMs = Date.parse(history.entries[5500]?.event?.time ?? '');
    const [fromMs, toMs] = [middleMs - 20 * DAY_MS, middleMs + 20 * DAY_MS];
    const expected = costNaively(linesOf(history), history.settings, fromMs, toMs);
    rows.push(expected.size);
    expect(inOrder(costsOf(history, fromMs, toMs, ['day']))).toEqual(inOrder(expected));
  }
  expect(Math.max(...rows)).toBeGreaterThan(5);
}, 120_000);
