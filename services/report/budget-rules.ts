import { stringify } from 'yaml';
import type { Budget, BudgetOf } from './budget';
import { monthText, nextMonth } from './span';

interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a month's budget is spent on: jobs and volumes. */
const FAMILIES = ['fleetmeter_usage_cost_dollars_total', 'fleetmeter_storage_cost_dollars_total'];
/**
 * Burn is told over two spans, so that an alert neither fires at a moment's peak nor goes on when it is over.
 */
const WINDOWS = ['1h', '6h'];

/**
 * Recording rules for Prometheus, of the budgets that its page can tell about: a tag is no label there.
 * `fleetmeter_budget_dollars`, what may be spent; `fleetmeter_budget_spent_dollars`, what was since the
 * month's first moment, where Prometheus had the page then; `fleetmeter_budget_burn_ratio`, how many budgets
 * a whole month at the pace of `window` would take. Each is there for its own month alone.
 */
export function budgetRules(budgets: readonly Budget[]): string {
  const rules = budgets.filter(({ of }) => of.tag === undefined).flatMap(rulesOf);
  const head = '# Made by `fleetmeter budgets rules`; the alerts on it are in fleet.yml.\n';
  return head + stringify({ groups: [{ name: 'fleet-budgets', rules }] }, { lineWidth: 0 });
}

function rulesOf({ of, monthMs, cents }: Budget): RecordingRule[] {
  const [from, to] = [monthMs / 1000, nextMonth(monthMs) / 1000];
  const labels = { month: monthText({ fromMs: monthMs, toMs: monthMs }), ...labelsOf(of) };
  const dollars = String(cents / 100);
  const now = `and on () (vector(time()) >= ${String(from)} < ${String(to)})`;
  const cost = selectorOf(of);
  // What was not there yet at the month's start has cost nothing by then; without a page of that moment
  // nobody knows.
  const spent = `(sum(${cost}) - (sum(${cost} @ ${String(from)}) or 0 * sum(${cost})))`;
  const known = `and on () (count(fleetmeter_page_timestamp_seconds @ ${String(from)}) > 0)`;
  const burn = (window: string): RecordingRule => ({
    record: 'fleetmeter_budget_burn_ratio',
    expr: `sum(rate(${cost}[${window}])) * ${String(to - from)} / ${dollars} ${now}`,
    labels: { ...labels, window },
  });
  return [
    { record: 'fleetmeter_budget_dollars', expr: `vector(${dollars}) ${now}`, labels },
    { record: 'fleetmeter_budget_spent_dollars', expr: `${spent} ${now} ${known}`, labels },
    ...WINDOWS.map(burn),
  ];
}

function labelsOf({ project, user }: BudgetOf): Readonly<Record<string, string>> {
  return {
    ...(project === undefined ? {} : { dstack_project_name: project }),
    ...(user === undefined ? {} : { dstack_user_name: user }),
  };
}

function selectorOf(of: BudgetOf): string {
  const matchers = Object.entries(labelsOf(of)).map(([name, text]) => `${name}=${JSON.stringify(text)}`);
  return `{${[`__name__=~"${FAMILIES.join('|')}"`, ...matchers].join(', ')}}`;
}
