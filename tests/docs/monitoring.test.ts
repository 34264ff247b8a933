/**
 * A fleet in a real Prometheus, with the rules of docs/prometheus, asked what every panel of the dashboards
 * asks: a panel that shows nothing, or NaN, helps nobody, and an alert that fires on a fleet that is well is
 * not looked at twice.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { budgetRules } from '../../services/report/budget-rules';
import { monthStart } from '../../services/report/span';
import { runPrometheus, type Sample } from '../support/prometheus';
import { post, startServer, until, type Server } from '../support/server';
import { asked, readDashboards } from './dashboards';

const RULES = resolve(__dirname, '../../docs/prometheus/rules/*.yml');
const JOBS = 60;
/**
 * How often both have been scraped, a second apart, before it is asked; on a busy machine a scrape may take
 * too long.
 */
const SCRAPES = 12;
const MINUTE = 60_000;

let dir: string;
let server: Server;
let prometheus: Awaited<ReturnType<typeof runPrometheus>>;

beforeAll(
  async () => {
    dir = mkdtempSync(join(tmpdir(), 'fleetmeter-monitoring-'));
    server = await startServer({ FLEETMETER_DATA_DIR: join(dir, 'data') }, ['--demo', String(JOBS)]);
    const targets = [{ targets: [server.url.replace('http://', '')] }];
    const budgets = join(dir, 'budgets.yml');
    writeFileSync(
      budgets,
      budgetRules([{ of: { project: 'vision' }, monthMs: monthStart(Date.now()), cents: 1e8 }]),
    );
    prometheus = await runPrometheus(
      dir,
      [
        { job_name: 'fleetmeter', static_configs: targets },
        { job_name: 'fleetmeter-process', metrics_path: '/metrics/process', static_configs: targets },
      ],
      [RULES, budgets],
    );
    await letRunWait();
    await until(
      async () => {
        const [found] = await prometheus.ask('min(sum_over_time(up[1h]))');
        return Number(found?.value[1]) >= SCRAPES;
      },
      (5 * SCRAPES + 60) * 1000,
      () => 'Prometheus has not scraped often enough',
    );
  },
  SCRAPES * 1000 + 3 * MINUTE,
);

afterAll(async () => {
  await prometheus.stop();
  await server.kill();
  rmSync(dir, { recursive: true, force: true });
});

/**
 * A run that waits in the queue, then does not: chance alone may let none of the fleet's do so while it is
 * watched.
 */
async function letRunWait(): Promise<void> {
  const project = 'queue';
  const seen = async (name: string, value: number) => {
    const found = await prometheus.ask(`sum(${name}{project_name="${project}"})`);
    return Number(found[0]?.value[1]) === value;
  };
  const event = (verb: string, data: object) =>
    JSON.stringify({
      specversion: '1.0',
      id: verb,
      source: '/test/queue',
      type: `fleetmeter.run.${verb}.v1`,
      time: new Date().toISOString(),
      data,
    });
  const run = { id: 'waiting', name: 'waiting', type: 'task' };
  await post(server.url, [event('submitted', { project, user: 'ann', run })]);
  const provisioned = 'dstack_submit_to_provision_duration_seconds_count';
  await until(
    () => seen(provisioned, 0),
    MINUTE,
    () => 'the run is not on the page',
  );
  await post(server.url, [event('status_changed', { run: { id: run.id }, status: 'provisioning' })]);
  await until(
    () => seen(provisioned, 1),
    MINUTE,
    () => 'the run has not left the queue',
  );
}

/** What is wrong with an answer; null: each series has a number. */
function wrong(samples: readonly Sample[]): string | null {
  if (samples.length === 0) return 'nothing';
  const odd = samples.find(({ value }) => !Number.isFinite(Number(value[1])));
  return odd === undefined ? null : `${JSON.stringify(odd.metric)}: ${odd.value[1]}`;
}

describe.each(readDashboards())('$name', ({ dashboard }) => {
  const panels = dashboard.panels.filter(({ targets = [] }) => targets.length > 0);

  test.each(panels.map((panel) => [panel.title, panel] as const))('%s', async (_, { targets = [] }) => {
    for (const { expr } of targets) {
      const query = asked(expr, { rate: '10s', range: '1h' });
      expect({ query, wrong: wrong(await prometheus.ask(query)) }).toEqual({ query, wrong: null });
    }
  });
});

/**
 * What is asked elsewhere: by NVIDIA's dashboard for dcgm-exporter (its grafana/dcgm-exporter-dashboard.json,
 * Apache-2.0), with its variables on All, and by the names and labels that dstack documents for its own page.
 */
const ASKED_ELSEWHERE = [
  ...['DCGM_FI_DEV_GPU_TEMP', 'DCGM_FI_DEV_POWER_USAGE', 'DCGM_FI_DEV_GPU_UTIL', 'DCGM_FI_DEV_FB_USED'].map(
    (name) => `${name}{instance=~".*", gpu=~".*"}`,
  ),
  'avg(DCGM_FI_DEV_GPU_TEMP{instance=~".*", gpu=~".*"})',
  'sum(DCGM_FI_DEV_POWER_USAGE{instance=~".*", gpu=~".*"})',
  'DCGM_FI_DEV_SM_CLOCK{instance=~".*", gpu=~".*"} * 1000000',
  'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{instance=~".*", gpu=~".*"}',
  ...['duration_seconds_total', 'price_dollars_per_hour', 'gpu_count'].map(
    (name) =>
      `sum by (dstack_project_name, dstack_fleet_name, dstack_fleet_id, dstack_instance_name, dstack_instance_id, dstack_instance_type, dstack_backend, dstack_gpu) (dstack_instance_${name}{dstack_fleet_name!="", dstack_instance_type!=""})`,
  ),
  ...['total', 'terminated_total', 'failed_total', 'done_total'].map(
    (name) =>
      `sum by (dstack_project_name, dstack_user_name) (dstack_run_count_${name}{dstack_user_name!=""})`,
  ),
  ...[
    ...[
      'duration_seconds_total',
      'price_dollars_per_hour',
      'gpu_count',
      'cpu_count',
      'cpu_time_seconds_total',
    ],
    ...['memory_total_bytes', 'memory_usage_bytes', 'memory_working_set_bytes'],
    ...['gpu_usage_ratio', 'gpu_memory_total_bytes', 'gpu_memory_usage_bytes'],
  ].map(
    (name) =>
      `sum by (dstack_project_name, dstack_user_name, dstack_run_name, dstack_run_id, dstack_job_name, dstack_job_id, dstack_job_num, dstack_replica_num, dstack_run_type, dstack_backend, dstack_gpu) (dstack_job_${name}{dstack_run_type!="", dstack_job_num!="", dstack_replica_num!=""})`,
  ),
];

test.each(ASKED_ELSEWHERE)('%s', async (query) => {
  expect(wrong(await prometheus.ask(query))).toBeNull();
});

/**
 * Some of the fleet's users leave their GPUs idle, and a project has now and then more idle instances than
 * busy ones for the moments that this test looks at. Two hours of it, and somebody wants to know.
 */
const WANTED = ['FleetJobGpusIdle', 'FleetIdleCostHigh'];

test('no alert is about to fire that a person would not want', async () => {
  const alerts = (await prometheus.ask('ALERTS')).map(({ metric }) => metric);
  expect(alerts.filter(({ alertname = '' }) => !WANTED.includes(alertname))).toEqual([]);
  expect(alerts.filter(({ alertstate }) => alertstate === 'firing')).toEqual([]);
});
