import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importEvents } from '../../services/cli/commands/events';
import { explain } from '../../services/cli/commands/explain';
import { ran, settingsOf } from '../archive/command';

let dir: string;
let file: string;

function event(id: string, type: string, time: string, data: object): string {
  const at = `2026-11-24T${time}Z`;
  return JSON.stringify({
    specversion: '1.0',
    id,
    source: '/s',
    type: `fleetmeter.${type}.v1`,
    time: at,
    data,
  });
}

/** What a terminal would take for an order to it. */
const RUN_ID = 'r1\u001b[31m';
const run = { id: RUN_ID, name: 'train', type: 'task' };
const target = { run: { id: RUN_ID }, job: { id: 'j1' } };
const resources = { cpus: 8, memory_bytes: 1e9, gpu: { name: 'H100', count: 2, memory_bytes: 8e10 } };
const who = { project: 'main', user: 'ann' };

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-explain-'));
  file = join(dir, 'events.ndjson');
  const lines = [
    event('e1', 'run.submitted', '08:00:00', { ...who, run }),
    event('e2', 'job.submitted', '08:00:00', {
      ...who,
      run,
      job: { id: 'j1', name: 'train-0-0', num: 0, replica_num: 0 },
    }),
    event('e3', 'job.provisioned', '08:01:00', {
      ...target,
      instance: { id: 'i1', backend: 'aws' },
      resources,
      price: { dollars_per_hour: 3.6 },
      blocks: { used: 1, total: 2 },
    }),
    event('e4', 'job.price_changed', '08:02:00', { ...target, price: { dollars_per_hour: 7.2 } }),
    event('e5', 'job.finished', '08:03:00.001', { ...target, status: 'done' }),
    event('e6', 'run.finished', '08:04:00', { run: { id: RUN_ID }, status: 'done' }),
  ];
  writeFileSync(file, lines.join('\n'));
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

test('a cost: price by price, the share of the instance, the events', async () => {
  const { code, out } = await ran(() =>
    explain(
      'fleetmeter_usage_cost_dollars_total{dstack_project_name="main"}',
      { events: file },
      settingsOf({}),
    ),
  );
  expect(code).toBe(0);
  expect(out)
    .toBe(`fleetmeter_usage_cost_dollars_total{dstack_project_name="main",dstack_user_name="ann",dstack_backend="aws",dstack_gpu="H100",dstack_run_type="task"} 0.090001
as of 2026-11-24T08:04:00.000Z
  amount       entity          status  from                      to                        how
  0.090001000  job r1\uFFFD[31m/j1  done    2026-11-24T08:01:00.000Z  2026-11-24T08:03:00.001Z  3.6 $/h × 60 s + 7.2 $/h × 60.001 s, 1/2 of it
      2026-11-24T08:00:00.000Z job.submitted: e2 of /s
      2026-11-24T08:01:00.000Z job.provisioned 3.6 $/h: e3 of /s
      2026-11-24T08:02:00.000Z job.price_changed 7.2 $/h: e4 of /s
      2026-11-24T08:03:00.001Z job.finished done: e5 of /s
  0.090001000  sum of 1

`);
});

test('as of a moment: what came later is left out; counts and times have their own units', async () => {
  const at = { events: file, at: '2026-11-24T08:02:30Z' };
  const gpus = await ran(() => explain('fleetmeter_usage_gpu_seconds_total', at, settingsOf({})));
  expect(gpus.out).toContain('} 180\n');
  expect(gpus.out).toMatch(/^ {2}180\.000 {2}job r1\uFFFD\[31m\/j1 {2}provisioning .* 2 × 90 s$/m);
  expect(gpus.out).not.toContain('e5');
  const durations = await ran(() =>
    explain('fleetmeter_run_duration_seconds_bucket{le="300.0"}', { events: file }, settingsOf({})),
  );
  expect(durations.out).toMatch(/le="300.0"} 1\n[^]* {2}1 {7}run r1\uFFFD\[31m {2}done/);
  const none = await ran(() => explain('fleetmeter_run_duration_seconds_count', at, settingsOf({})));
  expect(none.out).toMatch(/} 0\n[^]* {2}0 {7}run r1\uFFFD/);
  const infos = await ran(() => explain('dstack_job_gpu_count{dstack_job_id="j1"}', at, settingsOf({})));
  expect(infos.out).toMatch(/ {2}2 {7}job r1\uFFFD\[31m\/j1/);
});

test('from the log: as of now', async () => {
  const settings = settingsOf({ FLEETMETER_DATA_DIR: join(dir, 'data') });
  expect((await ran(() => importEvents(file, { resume: false }, settings))).code).toBe(0);
  const { code, out } = await ran(() => explain('fleetmeter_usage_cost_dollars_total', {}, settings));
  expect(code).toBe(0);
  expect(out).toContain('  0.090001000  sum of 1\n');
});

test.each([
  ['fleetmeter_jobs{', {}, 2, /^SERIES: expected a label name or "}"/],
  ['up', {}, 2, /^SERIES: up is not a family/],
  ['fleetmeter_jobs', { at: 'noon' }, 2, /^--at: noon, expected an RFC 3339 time/],
  ['fleetmeter_jobs{dstack_project_name="other"}', {}, 1, /^no such series as of 2026-11-24T08:04:00.000Z: /],
])('%s with %j ends with %i', async (series, options, code, err) => {
  const ended = await ran(() => explain(series, { events: file, ...options }, settingsOf({})));
  expect(ended).toMatchObject({ code, out: '', err: expect.stringMatching(err) as string });
});
