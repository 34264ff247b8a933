/**
 * A metric that a dashboard, a rule or a page names must be one of the catalogue: a misspelt one shows
 * nothing, for ever.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openBridgeMetrics } from '../../services/bridge/metrics';
import { GPU_FAMILIES, GPU_LABELS } from '../../services/catalogue/gpu';
import { OWN_FAMILIES, SUM_FAMILIES } from '../../services/catalogue/families';
import {
  HELD,
  ORPHANED_JOBS,
  PAGE_TIMESTAMP,
  SOURCE_TIMESTAMP,
} from '../../services/catalogue/page-families';
import { USAGE_FAMILIES } from '../../services/catalogue/usage';
import { readDashboards } from './dashboards';
import { readPages } from './pages';

const DOCS = resolve(__dirname, '../../docs');

const families = [
  ...OWN_FAMILIES,
  ...SUM_FAMILIES.values(),
  ...USAGE_FAMILIES,
  ORPHANED_JOBS,
  HELD,
  PAGE_TIMESTAMP,
  SOURCE_TIMESTAMP,
  ...GPU_FAMILIES.map((family) => ({ ...family, labels: GPU_LABELS })),
];
const namesOf = ({ name, type }: { readonly name: string; readonly type: unknown }): string[] =>
  type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
const known = new Set<string>([
  ...families.flatMap(namesOf),
  ...families.flatMap(({ labels }) => labels),
  // Of scrape targets.
  'fleetmeter_shard',
  // What the rules of a file of budgets record: services/report/budget-rules.ts.
  'fleetmeter_budget_dollars',
  'fleetmeter_budget_spent_dollars',
  'fleetmeter_budget_burn_ratio',
  ...openBridgeMetrics().registry.getMetricsAsArray().flatMap(namesOf),
]);

/** Names of ours that no page shows: a process's own are not in the catalogue. */
function unknown(text: string): string[] {
  const names = text.match(/\b(?:dstack|fleetmeter)_[a-z0-9_]+\b(?![*:])/g) ?? [];
  return [...new Set(names)].filter((name) => !known.has(name) && !name.startsWith('fleetmeter_process_'));
}

test.each(readDashboards())('grafana/dashboards/$name', ({ text }) => {
  expect(text).toMatch(/fleetmeter_[a-z]/);
  expect(unknown(text)).toEqual([]);
});

test.each(readdirSync(join(DOCS, 'prometheus/rules')))('rules/%s', (name) => {
  // What the rules record themselves has colons in its name.
  const text = readFileSync(join(DOCS, 'prometheus/rules', name), 'utf8').replace(/\w+:\w+:\w+/g, '');
  expect(text).toMatch(/fleetmeter_[a-z]/);
  expect(unknown(text)).toEqual([]);
});

test('the pages; what they grep for may be the beginning of a name', () => {
  const begins = (name: string) => [...known].some((whole) => whole.startsWith(name));
  const wrong = readPages().flatMap(({ path, text }) =>
    unknown(text).flatMap((name) => (begins(name) ? [] : [`${path}: ${name}`])),
  );
  expect(wrong).toEqual([]);
});
