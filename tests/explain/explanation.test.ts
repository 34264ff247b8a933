/**
 * An explanation adds up to what the page prints, and the events that it names make each share by themselves.
 */
import fc from 'fast-check';
import { decodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import { toDouble } from '../../services/catalogue/family';
import { openEntities } from '../../services/history/entities';
import { openExplanation, type Amount, type ExplainedSeries } from '../../services/explain/explanation';
import { ENTITY_FAMILIES } from '../../services/catalogue/families';
import { parseSelector, type Selector } from '../../services/explain/selector';
import { isFilledIn } from '../backfill/support';
import { foldNaively } from '../oracle/index';
import {
  DEFAULT_SETTINGS,
  historyArbitrary,
  linesOf,
  validHistory,
  type History,
  type Settings,
} from '../support/history';
import { differencesOf } from '../support/page-series';
import { depth } from '../support/depth';

function selectorOf(text: string): Selector {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.selector;
}

function explain(
  text: string,
  lines: readonly string[],
  settings: Settings,
  asOfMs: number | null,
): ExplainedSeries[] {
  const explanation = openExplanation(selectorOf(text), asOfMs);
  const fold = openEntities({ ...settings, asOfMs: null }, settings.partitions, -Infinity, explanation.add);
  for (const line of lines) {
    const decoded = decodeEvent(Buffer.from(line));
    if (!decoded.ok) continue;
    fold.take(decoded.event, partitionOf(routeOf(decoded.event).key, settings.partitions), null);
  }
  const newestMs = fold.finish();
  return explanation.finish(asOfMs ?? newestMs ?? 0);
}

function numberOf(amount: Amount): number {
  return 'units' in amount ? toDouble(amount.units, amount.per) : amount.value;
}

function keyOf(name: string, { labelNames, labels }: ExplainedSeries): string {
  const pairs = labelNames.map((label, i) => {
    const value = Buffer.from(labels[i] ?? '').toString();
    return `${label}=${JSON.stringify(value)}`;
  });
  return `${name}{${pairs.join(',')}}`;
}

/** The names of the series of all families that are made of entities. */
const NAMES = ENTITY_FAMILIES.flatMap(({ name, type }) =>
  type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
);

function differences({ settings, ...history }: History, atMs: number | undefined): string[] {
  const lines = linesOf({ settings, ...history });
  const { series } = foldNaively(lines, { ...settings, ...(atMs === undefined ? {} : { atMs }) });
  const expected = new Map([...series].filter(([key]) => isFilledIn(key)));
  const actual = new Map<string, number>();
  for (const name of NAMES) {
    for (const one of explain(name, lines, settings, atMs ?? null)) {
      actual.set(keyOf(name, one), numberOf(one.total));
      const units = one.shares.reduce((sum, { amount }) => sum + ('units' in amount ? amount.units : 0n), 0n);
      if ('units' in one.total) expect(units).toBe(one.total.units);
    }
  }
  return differencesOf(expected, actual);
}

test.each([
  ['as of the newest event', () => undefined],
  ['as of a moment', (history: History) => history.atMs ?? Date.UTC(2026, 10, 24, 9)],
])(
  'of every series, %s, the shares add up to the page’s figure',
  (_, atMsOf) => {
    fc.assert(
      fc.property(historyArbitrary(70), (history) => {
        expect(differences(history, atMsOf(history))).toEqual([]);
      }),
      { numRuns: depth(40, 200) },
    );
  },
  120_000,
);

test('the events of a share make it by themselves', () => {
  let shares = 0;
  for (const seed of [1, 2, 3]) {
    const lines = validHistory(seed, 250).map((event) => JSON.stringify(event));
    const atMs = Date.UTC(2026, 10, 24, 12);
    for (const name of [
      'fleetmeter_usage_cost_dollars_total',
      'fleetmeter_run_duration_seconds_sum',
      'fleetmeter_jobs',
    ]) {
      for (const series of explain(name, lines, DEFAULT_SETTINGS, atMs)) {
        for (const { entity, amount } of series.shares) {
          const made = new Set(entity.facts.map(({ source, id }) => `${source} ${id}`));
          const own = lines.filter((line) => {
            const { source, id } = JSON.parse(line) as { source: string; id: string };
            return made.has(`${source} ${id}`);
          });
          const alone = foldNaively(own, { ...DEFAULT_SETTINGS, atMs }).series.get(keyOf(name, series));
          expect(alone).toBe(numberOf(amount));
          shares++;
        }
      }
    }
  }
  expect(shares).toBeGreaterThan(30);
}, 60_000);

describe('a selector', () => {
  const lines = validHistory(2, 250).map((event) => JSON.stringify(event));

  test('by some of the labels: the series that have them', () => {
    const all = explain('fleetmeter_jobs', lines, DEFAULT_SETTINGS, null);
    const running = explain('fleetmeter_jobs{status="running"}', lines, DEFAULT_SETTINGS, null);
    expect(running.length).toBeGreaterThan(0);
    expect(running).toEqual(all.filter(({ labels }) => labels[1] === 'running'));
    expect(
      explain(
        'fleetmeter_jobs{status="running",dstack_project_name="no such"}',
        lines,
        DEFAULT_SETTINGS,
        null,
      ),
    ).toEqual([]);
  });

  test('by all labels, `le` too: one series', () => {
    const buckets = explain(
      'fleetmeter_run_duration_seconds_bucket{le="300.0"}',
      lines,
      DEFAULT_SETTINGS,
      null,
    );
    expect(buckets.length).toBeGreaterThan(0);
    expect(buckets.every(({ labels }) => labels.at(-1) === '300.0')).toBe(true);
    expect(
      explain(` fleetmeter_jobs { status = "pulling" , } `, lines, DEFAULT_SETTINGS, null).length,
    ).toBeGreaterThan(0);
  });

  test.each([
    ['', 'expected a metric name, found the end of the line'],
    ['{a="b"}', 'expected a metric name, found "{a=\\"b\\"}"'],
    ['fleetmeter_jobs{status="x"', 'expected a label name or "}", found the end of the line'],
    ['fleetmeter_jobs{status=x}', 'expected a label value in double quotes, found "x}"'],
    ['fleetmeter_jobs{} 3', 'expected nothing after the labels, found "3"'],
    [
      'fleetmeter_jobs{project="x"}',
      'fleetmeter_jobs has no label project, only dstack_project_name, status',
    ],
    [
      'fleetmeter_run_duration_seconds',
      'fleetmeter_run_duration_seconds is a histogram: name its _bucket, _sum or _count',
    ],
    [
      'fleetmeter_jobs_count',
      'fleetmeter_jobs_count is not a family made from entities (samples are shown as they came)',
    ],
    ['__proto__', '__proto__ is not a family made from entities (samples are shown as they came)'],
    [
      'DCGM_FI_DEV_GPU_UTIL',
      'DCGM_FI_DEV_GPU_UTIL is not a family made from entities (samples are shown as they came)',
    ],
  ])('that is none is told why: %s', (text, detail) => {
    expect(parseSelector(text)).toEqual({ ok: false, detail });
  });
});
