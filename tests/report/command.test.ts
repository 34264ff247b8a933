import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cost, type CostOptions } from '../../services/cli/commands/cost';
import { importEvents } from '../../services/cli/commands/events';
import { encodeEvent } from '../../events/codec';
import { ran, settingsOf } from '../archive/command';
import { tell } from '../support/told';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 24, 22);

let dir: string;
let file: string;

const resources = { cpus: 8, memory_bytes: 1e9, gpu: { name: 'H100', count: 8, memory_bytes: 8e10 } };
const who = { project: 'main', user: 'ann' };
const run = { id: 'r1', name: '=train, "big"', type: 'task', tags: { team: 'research' } };
const instance = { id: 'i1', name: 'gpu-0', type: 'p5', backend: 'aws' };
const target = { run: { id: 'r1' }, job: { id: 'j1' } };

/**
 * An instance of 8 $/h: idle for two hours, then a job on half of it for two hours, over midnight; then
 * terminated.
 */
function story(): string[] {
  const at = (hours: number, type: string, data: object) =>
    encodeEvent(tell({ type, atMs: START + hours * HOUR, data: data as Record<string, unknown> }));
  return [
    at(-1, 'instance.started', {
      project: 'main',
      instance,
      fleet: { id: 'f', name: 'fleet-a' },
      resources,
      price: { dollars_per_hour: 8 },
      status: 'idle',
    }),
    at(1, 'instance.status_changed', { instance: { id: 'i1' }, status: 'busy' }),
    at(1, 'run.submitted', { ...who, run }),
    at(1, 'job.submitted', { ...who, run, job: { id: 'j1', name: 'train-0-0', num: 0, replica_num: 0 } }),
    at(1, 'job.provisioned', {
      ...target,
      instance,
      resources: { ...resources, gpu: { ...resources.gpu, count: 4 } },
      price: { dollars_per_hour: 8 },
      blocks: { used: 1, total: 2 },
    }),
    at(3, 'job.finished', { ...target, status: 'done' }),
    at(3, 'instance.terminated', { instance: { id: 'i1' } }),
    at(3, 'run.submitted', { project: 'lab', user: 'bob', run: { id: 'r2', name: 'r', type: 'task' } }),
    at(3, 'job.submitted', {
      project: 'lab',
      user: 'bob',
      run: { id: 'r2', name: 'r', type: 'task' },
      job: { id: 'j2', name: 'r-0-0', num: 0, replica_num: 0 },
    }),
    at(3, 'job.provisioned', {
      run: { id: 'r2' },
      job: { id: 'j2' },
      instance: { backend: 'gcp' },
      resources: { cpus: 1, memory_bytes: 1 },
      price: { dollars_per_hour: 0.000000001 },
    }),
  ];
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-cost-'));
  file = join(dir, 'events.ndjson');
  writeFileSync(file, story().join('\n'));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

const MONTH = { from: '2026-11-01', to: '2026-12-01' };

function costOf(options: Partial<CostOptions>) {
  return ran(() => cost({ events: file, ...MONTH, format: 'table', ...options }, settingsOf({})));
}

test('a table for people: jobs, idle and the rest, to the last digit, and their sum', async () => {
  expect(await costOf({})).toEqual({
    code: 0,
    err: '',
    out: `project  user  kind         cost_dollars  gpu_hours
main           idle         16.000000000  16.000000
main           unallocated   8.000000000   8.000000
main     ann   job           8.000000000   8.000000
lab      bob   job           0.000000143   0.000000
total                       32.000000143  32.000000
`,
  });
});

test('CSV: by day, by run, quoted where it must be', async () => {
  const { out } = await costOf({ by: 'day, run,fleet', project: 'main', format: 'csv' });
  expect(out.split('\r\n')).toEqual([
    'day,run,fleet,kind,cost_dollars,gpu_hours',
    '2026-11-24,,fleet-a,idle,16.000000000,16',
    '2026-11-24,,fleet-a,unallocated,4.000000000,4',
    '2026-11-24,"=train, ""big""",fleet-a,job,4.000000000,4',
    '2026-11-25,,fleet-a,unallocated,4.000000000,4',
    '2026-11-25,"=train, ""big""",fleet-a,job,4.000000000,4',
    '',
  ]);
});

test('JSON: from, to, rows, total; by tag', async () => {
  const { out } = await costOf({ by: 'tag:team,instance', format: 'json', to: '2026-11-25T00:30:00Z' });
  expect(JSON.parse(out)).toEqual({
    from: '2026-11-01T00:00:00.000Z',
    to: '2026-11-25T00:30:00.000Z',
    rows: [
      { 'tag:team': '', instance: 'gpu-0', kind: 'idle', cost_dollars: 16, gpu_hours: 16 },
      { 'tag:team': '', instance: 'gpu-0', kind: 'unallocated', cost_dollars: 6, gpu_hours: 6 },
      { 'tag:team': 'research', instance: 'gpu-0', kind: 'job', cost_dollars: 6, gpu_hours: 6 },
    ],
    total: { cost_dollars: 28, gpu_hours: 28 },
  });
});

test('a volume costs from its creation until it is deleted', async () => {
  const at = (hours: number, type: string, data: Record<string, unknown>) =>
    encodeEvent(tell({ type, atMs: START + hours * HOUR, data }));
  const volumes = join(dir, 'volumes.ndjson');
  const volume = { id: 'v1', name: 'data' };
  const created = { project: 'main', user: 'ann', volume, price: { dollars_per_hour: 0.5 } };
  const lines = [at(0, 'volume.created', created), at(4, 'volume.deleted', { volume: { id: 'v1' } })];
  writeFileSync(volumes, lines.join('\n'));
  const { out } = await costOf({ events: volumes, by: 'project,user,volume,day', format: 'csv' });
  expect(out.split('\r\n')).toEqual([
    'project,user,volume,day,kind,cost_dollars,gpu_hours',
    'main,ann,data,2026-11-24,volume,1.000000000,0',
    'main,ann,data,2026-11-25,volume,1.000000000,0',
    '',
  ]);
});

test('from the log; of a time without cost there are no rows', async () => {
  const settings = settingsOf({ FLEETMETER_DATA_DIR: join(dir, 'data') });
  expect((await ran(() => importEvents(file, { resume: false }, settings))).code).toBe(0);
  const ofLog = await ran(() => cost({ ...MONTH, format: 'table' }, settings));
  expect(ofLog.out).toBe((await costOf({})).out);
  const before = await costOf({ from: '2026-10-01', to: '2026-11-01', format: 'json' });
  expect(JSON.parse(before.out)).toMatchObject({ rows: [], total: { cost_dollars: 0, gpu_hours: 0 } });
});

test.each<[Partial<CostOptions>, RegExp]>([
  [{ from: 'monday' }, /^--from: monday, expected a date such as/],
  [{ from: '2026-12-02' }, /^--to: 2026-12-01, expected a time not before --from/],
  [{ by: 'project,team' }, /^--by: team, expected some of project, user, /],
  [{ by: 'project', format: 'focus' }, /^--by: goes with table, csv and json/],
  [{ events: '/nowhere' }, /^\/nowhere: expected a file/],
])('%j is wrong usage', async (options, err) => {
  expect(await costOf(options)).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringMatching(err) as string,
  });
});
