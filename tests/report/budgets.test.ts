/**
 * Budgets: what their rules say in Prometheus' own tests, what was spent of them by the log, and what a wrong
 * file is told.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readBudgetFile } from '../../services/cli/budget-file';
import { provide } from '../support/provide';
import { runCommand } from '../support/server';

let dir: string;
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'fleetmeter-budgets-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function write(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

/** promtool's time begins in 1970: February does at 744 h. */
const FEBRUARY = `
- {project: research, month: 1970-02, dollars: 1000}
- {user: bob, month: 1970-02, dollars: 100.5}
- {project: research, month: 1970-01, dollars: 7}
- {tag: {team: vision}, month: 1970-02, dollars: 8}
`;

interface Expected {
  readonly labels: string;
  readonly value: number;
}

const usage = (user: string) =>
  `fleetmeter_usage_cost_dollars_total{dstack_project_name="research",dstack_user_name="${user}"}`;

test('rules: what may be spent, what was since the month began, and the pace', async () => {
  const made = await runCommand(['budgets', 'rules', write('february.yml', FEBRUARY)]);
  expect([made.code, made.stderr]).toEqual([
    0,
    'left out: tag team=vision: tags are no labels; see budgets check\n',
  ]);
  write('rules.yml', made.stdout);
  const page = { series: 'fleetmeter_page_timestamp_seconds', values: '0+1800x1600' };
  const series = [
    { series: usage('ann'), values: '0+1x1600' },
    // First seen two hours into the month.
    { series: usage('bob'), values: '_x1492 0+2x100' },
    { series: 'fleetmeter_storage_cost_dollars_total{dstack_project_name="other"}', values: '0+9x1600' },
  ];
  const at = (expr: string, samples: readonly Expected[], evalTime = '750h') => ({
    expr,
    eval_time: evalTime,
    exp_samples: samples,
  });
  const of = (name: string, who: string): string => `${name}{${who}, month="1970-02"}`;
  const [research, bob] = ['dstack_project_name="research"', 'dstack_user_name="bob"'];
  const dollars = [
    { labels: of('fleetmeter_budget_dollars', research), value: 1000 },
    { labels: of('fleetmeter_budget_dollars', bob), value: 100.5 },
  ];
  const tests = [
    {
      name: 'a month that goes on',
      interval: '30m',
      input_series: [page, ...series],
      promql_expr_test: [
        at('fleetmeter_budget_dollars', dollars),
        at('fleetmeter_budget_spent_dollars', [
          { labels: of('fleetmeter_budget_spent_dollars', research), value: 12 + 16 },
          { labels: of('fleetmeter_budget_spent_dollars', bob), value: 16 },
        ]),
        // Ann's dollar and Bob's two each half an hour, for 28 days of 24 hours.
        at('round(fleetmeter_budget_burn_ratio{window="1h", dstack_project_name="research"} * 1000)', [
          {
            labels: '{dstack_project_name="research", month="1970-02", window="1h"}',
            value: 2 * 3 * 28 * 24,
          },
        ]),
        at(
          'fleetmeter_budget_dollars',
          [
            {
              labels: 'fleetmeter_budget_dollars{dstack_project_name="research", month="1970-01"}',
              value: 7,
            },
          ],
          '700h',
        ),
      ],
    },
    {
      name: 'without a page at its start',
      interval: '30m',
      input_series: [{ ...page, values: '_x1490 0+1800x100' }, ...series],
      promql_expr_test: [at('fleetmeter_budget_dollars', dollars), at('fleetmeter_budget_spent_dollars', [])],
    },
  ];
  const file = write('test.yml', stringify({ rule_files: ['rules.yml'], evaluation_interval: '30m', tests }));
  const [command, ...first] = (await provide('promtool')).argv;
  const { status, stdout, stderr } = spawnSync(command, [...first, 'test', 'rules', file], {
    encoding: 'utf8',
  });
  expect({ status, output: stdout + stderr }).toEqual({
    status: 0,
    output: expect.stringContaining('SUCCESS') as string,
  });
}, 120_000);

function told(type: string, time: string, data: object): string {
  const envelope = { specversion: '1.0', id: `${type} ${time}`, source: '/test', time };
  return JSON.stringify({ ...envelope, type: `fleetmeter.${type}.v1`, data });
}

const RUN = { id: 'r', name: 'r', type: 'task' };
const JOB = { id: 'j', name: 'j', num: 0, replica_num: 0 };
/** A dollar an hour, for two hours of October and ten of November. */
const EVENTS = [
  told('run.submitted', '2026-10-31T22:00:00Z', {
    project: 'p',
    user: 'ann',
    run: { ...RUN, tags: { team: 'vision' } },
  }),
  told('job.submitted', '2026-10-31T22:00:00Z', { project: 'p', user: 'ann', run: RUN, job: JOB }),
  told('job.provisioned', '2026-10-31T22:00:00Z', {
    run: RUN,
    job: JOB,
    instance: { backend: 'aws' },
    resources: { cpus: 1, memory_bytes: 1 },
    price: { dollars_per_hour: 1 },
  }),
  told('job.finished', '2026-11-01T10:00:00Z', { run: RUN, job: JOB, status: 'done' }),
].join('\n');

test('check: what was spent of each, by the month; 1 where one is spent', async () => {
  const events = write('events.ndjson', EVENTS);
  const check = (budgets: string) =>
    runCommand(['budgets', 'check', write('budgets.yml', budgets), '--events', events]);
  const within = await check(
    '[{project: p, month: 2026-10, dollars: 2}, {tag: {team: vision}, month: 2026-11, dollars: 40}]',
  );
  expect(within.stderr).toBe('');
  expect(within.stdout.split('\n')).toEqual([
    'month    budget           dollars  spent_dollars    spent',
    '2026-10  project p           2.00    2.000000000  100.0 %',
    '2026-11  tag team=vision    40.00   10.000000000   25.0 %',
    '',
  ]);
  expect(within.code).toBe(0);
  const over = await check(
    '[{project: p, user: ann, month: 2026-11, dollars: 9.99}, {user: bob, month: 2026-11, dollars: 1}]',
  );
  expect([over.code, over.stderr]).toEqual([1, '1 budget is spent\n']);
  expect(over.stdout).toContain('2026-11  project p, user ann     9.99   10.000000000  100.1 %\n');
}, 60_000);

test.each<[string, string]>([
  ['{}', 'expected a YAML or JSON list of budgets'],
  ['a: [', 'expected a YAML or JSON list of budgets'],
  ['[7]', 'budget 1: expected {project, user or tag, month, dollars}'],
  ['[{month: 2026-11, dollars: 1}]', 'budget 1: expected project, user or tag, or several of them'],
  [
    '[{project: p, month: 2026-13, dollars: 1}]',
    'budget 1: month: "2026-13", expected a month such as 2026-11',
  ],
  [
    '[{project: p, month: 2026-11, dollars: 0}]',
    'budget 1: dollars: 0, expected a number above 0, with at most 2 decimals',
  ],
  [
    '[{project: p, month: 2026-11, dollars: 1.001}]',
    'budget 1: dollars: 1.001, expected a number above 0, with at most 2 decimals',
  ],
  [
    '[{project: p, mont: 1, month: 2026-11, dollars: 1}]',
    'budget 1: mont: expected one of project, user, tag, month, dollars',
  ],
  [
    '[{tag: {a: x, b: y}, month: 2026-11, dollars: 1}]',
    'budget 1: tag: {"a":"x","b":"y"}, expected one name and its text, such as {team: vision}',
  ],
  [
    '[{user: u, month: 2026-11, dollars: 1}, {user: u, month: 2026-11, dollars: 2}]',
    'budget 2: the same month of the same is there before',
  ],
])('%s is told what was expected', (text, mistake) => {
  const path = write('wrong.yml', text);
  expect(() => readBudgetFile(path)).toThrow(`${path}: ${mistake}`);
});
