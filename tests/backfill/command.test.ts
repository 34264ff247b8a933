import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backfill } from '../../services/cli/commands/backfill';
import { importEvents } from '../../services/cli/commands/events';
import { foldNaively } from '../oracle/index';
import { ran, settingsOf, type Ran } from '../archive/command';
import { DEFAULT_SETTINGS } from '../support/history';
import { differencesOf } from '../support/page-series';
import { fleetLines } from './fleet';
import { isFilledIn, momentsOf } from './support';

const lines = fleetLines(9, 12);
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-backfill-'));
  writeFileSync(join(dir, 'events.ndjson'), lines.join('\n'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const SPAN = { from: '2026-03-11T22:00:00Z', to: '2026-03-12T02:00:00Z', step: '30m' };

function fill(options: object): Promise<Ran> {
  const whole = { ...SPAN, events: join(dir, 'events.ndjson'), out: join(dir, 'out'), ...options };
  return ran(() => backfill(whole, settingsOf({ FLEETMETER_DATA_DIR: join(dir, 'data') })));
}

function written(): string {
  return readdirSync(join(dir, 'out'))
    .sort()
    .map((name) => readFileSync(join(dir, 'out', name), 'utf8'))
    .join('');
}

test('all families, a job’s and an instance’s too, are the ledger’s at every step', async () => {
  expect(await fill({ families: '*' })).toMatchObject({ code: 0 });
  expect(readdirSync(join(dir, 'out'))).toEqual(['2026-03-11.om', '2026-03-12.om']);
  const moments = momentsOf(written());
  expect(moments.size).toBe(9);
  let own = 0;
  for (const [atMs, series] of moments) {
    const { series: ledger } = foldNaively(lines, { ...DEFAULT_SETTINGS, atMs });
    const expected = new Map([...ledger].filter(([key]) => isFilledIn(key)));
    expect(differencesOf(expected, series)).toEqual([]);
    own += [...series.keys()].filter((key) => key.startsWith('fleetmeter_job_cost')).length;
  }
  expect(own).toBeGreaterThan(10);
});

test('the default families are our totals', async () => {
  await fill({});
  const types = [...written().matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
    ([, name, type]) => `${name ?? ''} ${type ?? ''}`,
  );
  expect([...new Set(types)].sort()).toEqual(
    [
      'fleetmeter_fleet_cost_dollars counter',
      'fleetmeter_fleet_idle_cost_dollars counter',
      'fleetmeter_job_finish_reasons counter',
      'fleetmeter_jobs_finished counter',
      'fleetmeter_usage_cost_dollars counter',
      'fleetmeter_usage_gpu_seconds counter',
    ].sort(),
  );
});

test('a log gives what the file gives that was imported into it', async () => {
  const settings = settingsOf({ FLEETMETER_DATA_DIR: join(dir, 'data') });
  await ran(() => importEvents(join(dir, 'events.ndjson'), { resume: false }, settings));
  await fill({});
  const ofFile = written();
  rmSync(join(dir, 'out'), { recursive: true });
  const { events: _, ...fromLog } = { ...SPAN, events: '', out: join(dir, 'out') };
  expect(await ran(() => backfill(fromLog, settings))).toMatchObject({ code: 0 });
  expect(written()).toBe(ofFile);
});

test.each([
  [{ from: 'noon' }, 2, /^--from: noon, expected an RFC 3339 time/],
  [{ from: '2026-03-11T22:00:00.5Z' }, 2, /^--from: .*, expected a whole second/],
  [{ to: '2026-03-11T21:00:00Z' }, 2, /^--to: .*, expected a time not before --from/],
  [{ step: '5' }, 2, /^--step: 5, expected a duration such as/],
  [{ step: '0s' }, 2, /^--step: 0s, expected a duration such as/],
  [{ step: '1s', to: '2027-03-11T22:00:00Z' }, 2, /^--step: 1s makes 31536001 steps, expected at most/],
  [
    { families: 'DCGM_*' },
    2,
    /^--families: DCGM_\*, expected a pattern .* dstack_instance_duration_seconds_total, /,
  ],
  [{ families: 'fleetmeter_jobs.total' }, 2, /^--families: /],
  [{ from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' }, 1, /^there is nothing to backfill/],
])('%j ends with %i', async (options, code, err) => {
  expect(await fill(options)).toMatchObject({ code, err: expect.stringMatching(err) as string });
  expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual([]);
});
