/** The summary against figures worked out by hand, and against the page that it is a summary of. */
import { encodeEvent } from '../../events/codec';
import type { FleetEvent } from '../../events/event';
import { seriesKey } from '../../services/catalogue/tally';
import { history as demoHistory } from '../../services/demo/history';
import { readPage } from '../../services/exposition/reader';
import { openHistory } from '../../services/history/file-fold';
import { writePage } from '../../services/page/page';
import type { PartitionView } from '../../services/view/view';
import { WHOLE_PAGE } from '../../services/page/selection';
import { openLayout } from '../../services/page/layout';
import { summarize } from '../../services/exporter/status/summary';
import type { Totals } from '../../services/exporter/status/summary';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-24T00:00:00Z');
const DOLLAR = 1_000_000_000n;
const SETTINGS = { latenessMs: 24 * HOUR, dedupeMs: 720 * HOUR, sampleTtlMs: 600_000, asOfMs: null };

type Step = readonly [atHours: number, type: string, data: object, source?: string];

function fold(steps: readonly Step[], pageHours: number, partitions = 2): readonly PartitionView[] {
  const history = openHistory(SETTINGS, partitions);
  for (const [index, [hours, type, data, source = '/test']] of steps.entries()) {
    const time = new Date(START + hours * HOUR).toISOString();
    const event = {
      specversion: '1.0',
      id: String(index),
      source,
      type: `fleetmeter.${type}.v1`,
      time,
      data,
    };
    expect(history.take(Buffer.from(JSON.stringify(event)))).toBeUndefined();
  }
  const { views } = history.finish();
  for (const view of views) view.pageTimeMs = START + pageHours * HOUR;
  return views;
}

function instance(id: string, project: string, gpus: number, dollars: number, status = 'busy'): object {
  const gpu = { name: 'H100', count: gpus, memory_bytes: 80e9 };
  const resources = { cpus: 8, memory_bytes: 1e9, ...(gpus === 0 ? {} : { gpu }) };
  return { project, instance: { id, name: id }, resources, price: { dollars_per_hour: dollars }, status };
}

function run(project: string, id: string): object {
  return { project, user: 'ann', run: { id, name: id, type: 'task' } };
}

function job(project: string, runId: string): object {
  return { ...run(project, runId), job: { id: 'j', name: 'j', num: 0, replica_num: 0 } };
}

function provisioned(runId: string, gpus: number, dollars: number, name = 'H100'): object {
  const gpu = { name, count: gpus, memory_bytes: 80e9 };
  const placed = { instance: { backend: 'aws' }, resources: { cpus: 8, memory_bytes: 1e9, gpu } };
  return {
    run: { id: runId },
    job: { id: 'j' },
    ...placed,
    price: { dollars_per_hour: dollars },
    blocks: { used: 1, total: 2 },
  };
}

function volume(id: string, project: string, dollars: number): object {
  return { project, user: 'u', volume: { id, name: id }, price: { dollars_per_hour: dollars } };
}

const STEPS: readonly Step[] = [
  [0, 'instance.started', instance('a', 'main', 8, 10)],
  [0, 'instance.started', instance('b', 'main', 4, 4, 'idle'), '/other'],
  [0, 'instance.started', instance('c', 'side', 0, 1, 'idle')],
  [1, 'instance.terminated', { instance: { id: 'c' } }],
  [0, 'instance.started', instance('d', 'side', 2, 0.5, 'pending')],
  [1, 'run.submitted', run('main', 'r')],
  [1, 'job.submitted', job('main', 'r')],
  [1, 'job.provisioned', provisioned('r', 6, 10)],
  [2, 'run.status_changed', { run: { id: 'r' }, status: 'running' }],
  [2, 'job.status_changed', { run: { id: 'r' }, job: { id: 'j' }, status: 'running' }],
  [1, 'run.submitted', run('side', 's')],
  [1, 'job.submitted', job('side', 's')],
  [1, 'job.provisioned', provisioned('s', 1, 3, 'L4')],
  [2, 'job.finished', { run: { id: 's' }, job: { id: 'j' }, status: 'done' }],
  [2, 'run.finished', { run: { id: 's' }, status: 'done' }],
  [1, 'volume.created', volume('v', 'main', 0.5)],
  [1, 'volume.created', volume('w', 'main', 2)],
  [2, 'volume.deleted', { volume: { id: 'w' } }],
];

function counted(totals: Totals): Record<string, Record<string, number>> {
  const present = (counts: ReadonlyMap<string, number>) =>
    Object.fromEntries([...counts].filter(([, count]) => count !== 0));
  return Object.fromEntries(
    Object.entries(totals.counts).map(([kind, counts]) => [kind, present(counts)] as const),
  );
}

test('money, GPUs and statuses by project and in total, as of page time', () => {
  const summary = summarize(fold(STEPS, 3), openLayout());
  expect(summary.projects.map(({ project }) => project)).toEqual(['main', 'side']);
  const [main, side] = summary.projects;
  // Three hours of both instances; of the job, which has half of its instance, two.
  expect(main).toMatchObject({
    nanoDollarsPerHour: 14n * DOLLAR,
    idleNanoDollarsPerHour: 4n * DOLLAR,
    fleetNanoDollars: 42n * DOLLAR,
    idleNanoDollars: 12n * DOLLAR,
    usageNanoDollars: 10n * DOLLAR,
    storageNanoDollars: 3n * DOLLAR,
    gpus: 12,
    gpusInJobs: 6,
  });
  expect(counted(main!)).toEqual({
    instance: { idle: 1, busy: 1 },
    run: { running: 1 },
    job: { running: 1 },
  });
  // What has ended counts in what it cost, and in nothing of now; a pending instance costs nothing.
  expect(side).toMatchObject({
    nanoDollarsPerHour: 0n,
    idleNanoDollarsPerHour: 0n,
    fleetNanoDollars: 1n * DOLLAR,
    idleNanoDollars: 1n * DOLLAR,
    usageNanoDollars: (3n * DOLLAR) / 2n,
    storageNanoDollars: 0n,
    gpus: 0,
    gpusInJobs: 0,
  });
  expect(counted(side!)).toEqual({ instance: { pending: 1 }, run: {}, job: {} });
  expect(summary.total).toMatchObject({
    nanoDollarsPerHour: 14n * DOLLAR,
    fleetNanoDollars: 43n * DOLLAR,
    idleNanoDollars: 13n * DOLLAR,
    usageNanoDollars: (23n * DOLLAR) / 2n,
    gpus: 12,
    gpusInJobs: 6,
  });
  expect(summary.gpus).toEqual([{ name: 'H100', gpus: 12, gpusInJobs: 6 }]);
});

test('each partition is as of its own page time', () => {
  const views = fold([[0, 'instance.started', instance('a', 'main', 8, 10)]], 3, 3);
  const owner = views.find((view) => view.entities.size > 0)!;
  owner.pageTimeMs = START + HOUR;
  const summary = summarize(views, openLayout());
  expect(summary.total.fleetNanoDollars).toBe(10n * DOLLAR);
  expect(summary.pageTimesMs).toEqual(views.map((view) => view.pageTimeMs));
});

test('the newest event of each source, over all partitions, the newest first', () => {
  expect(summarize(fold(STEPS, 3), openLayout()).sources).toEqual([
    { source: '/test', newestMs: START + 2 * HOUR },
    { source: '/other', newestMs: START },
  ]);
});

test.each([
  [START, START + HOUR],
  [START + HOUR, START],
])('a source that is in several partitions: the newest of all (%d, %d)', (first, second) => {
  const views = fold([], 3);
  views[0]!.sources.set('/test', first);
  views[1]!.sources.set('/test', second);
  expect(summarize(views, openLayout()).sources).toEqual([{ source: '/test', newestMs: START + HOUR }]);
});

test('held: costs stand at what was shown, and how far they are held is told', () => {
  const views = fold([[0, 'instance.started', instance('a', 'main', 8, 10)]], 3);
  const labels = ['main', '', '', 'H100', ''];
  const family = 'fleetmeter_fleet_cost_dollars_total';
  const key = seriesKey(family, labels);
  const owner = views.find((view) => view.tally.series.has(key))!;
  owner.holds.set(key, { family, labels, shown: [31n * DOLLAR] });
  expect(summarize(views, openLayout())).toMatchObject({
    total: { fleetNanoDollars: 31n * DOLLAR },
    held: [{ family, value: 1 }],
  });
  // A hold of a partition that has nothing of the series any more is part of what is shown.
  const other = views.find((view) => view !== owner)!;
  other.holds.set(key, { family, labels, shown: [2n * DOLLAR] });
  expect(summarize(views, openLayout())).toMatchObject({
    total: { fleetNanoDollars: 33n * DOLLAR },
    held: [{ family, value: 3 }],
  });
});

test('no events: nothing, and no project', () => {
  const summary = summarize(fold([], 3), openLayout());
  expect(summary).toMatchObject({ projects: [], gpus: [], held: [], sources: [] });
  expect(summary.total).toMatchObject({ nanoDollarsPerHour: 0n, fleetNanoDollars: 0n, gpus: 0 });
});

test('a project may be called as members of objects are', () => {
  const steps: Step[] = [[0, 'instance.started', instance('a', '__proto__', 1, 1)]];
  expect(summarize(fold(steps, 1), openLayout()).projects).toMatchObject([
    { project: '__proto__', fleetNanoDollars: DOLLAR },
  ]);
});

describe('a simulated fleet', () => {
  const views = simulated();
  const summary = summarize(views, openLayout());
  const samples = samplesOf(views);

  /** Sums a family of the page over a project's series. */
  function paged(name: string, project: string, status?: string): number {
    const ofProject = samples.filter(
      ({ name: family, labels }) =>
        family === name &&
        labels.get('dstack_project_name') === project &&
        (status === undefined || labels.get('status') === status),
    );
    return ofProject.reduce((sum, { value }) => sum + value, 0);
  }

  test('has some of everything', () => {
    expect(summary.projects.length).toBeGreaterThan(3);
    expect(summary.held.length).toBeGreaterThan(2);
    expect(summary.total.idleNanoDollars).toBeGreaterThan(0n);
    expect(summary.gpus.length).toBeGreaterThan(2);
  });

  test.each(summary.projects.map((one) => [one.project, one] as const))(
    '%s is as on the page',
    (project, one) => {
      const dollars = (nano: bigint) => Number(nano) / 1e9;
      const pairs: [string, number][] = [
        ['dstack_instance_price_dollars_per_hour', dollars(one.nanoDollarsPerHour)],
        ['fleetmeter_fleet_cost_dollars_total', dollars(one.fleetNanoDollars)],
        ['fleetmeter_fleet_idle_cost_dollars_total', dollars(one.idleNanoDollars)],
        ['fleetmeter_usage_cost_dollars_total', dollars(one.usageNanoDollars)],
        ['fleetmeter_storage_cost_dollars_total', dollars(one.storageNanoDollars)],
        ['dstack_instance_gpu_count', one.gpus],
        ['dstack_job_gpu_count', one.gpusInJobs],
      ];
      for (const [name, value] of pairs)
        expect([name, value]).toEqual([name, expect.closeTo(paged(name, project), 6)]);
      for (const kind of ['instance', 'run', 'job'] as const) {
        for (const [status, count] of one.counts[kind]) {
          expect([kind, status, count]).toEqual([
            kind,
            status,
            paged(`fleetmeter_${kind}s`, project, status),
          ]);
        }
      }
    },
  );

  test('the total is the sum of the projects', () => {
    const sum = (of: (totals: Totals) => bigint): bigint =>
      summary.projects.reduce((n, one) => n + of(one), 0n);
    expect(summary.total.fleetNanoDollars).toBe(sum((totals) => totals.fleetNanoDollars));
    expect(summary.total.nanoDollarsPerHour).toBe(sum((totals) => totals.nanoDollarsPerHour));
    expect(summary.total.gpus).toBe(summary.gpus.reduce((n, model) => n + model.gpus, 0));
  });

  test('those that spend most come first', () => {
    const rates = summary.projects.map(({ nanoDollarsPerHour }) => nanoDollarsPerHour);
    expect(rates).toEqual([...rates].sort((a, b) => Number(b - a)));
  });
});

/**
 * Some sums of each partition are held: every seventh, and one of another partition that has nothing of it.
 */
function simulated(): readonly PartitionView[] {
  const history = openHistory(SETTINGS, 4);
  const endMs = START + 12 * HOUR;
  const events: Iterable<FleetEvent> = demoHistory({ seed: 7, events: 2500, endMs, telemetry: false });
  for (const event of events) history.take(Buffer.from(encodeEvent(event)));
  const { views } = history.finish();
  for (const view of views) view.pageTimeMs = endMs;
  for (const view of views) holdSome(view, views);
  return views;
}

function holdSome(view: PartitionView, views: readonly PartitionView[]): void {
  const counters = [...view.tally.series].filter(([, { family }]) => family.type === 'counter');
  for (const [i, [key, { family, labels }]] of counters.entries()) {
    const hold = { family: family.name, labels, shown: [BigInt(i) * 10_000_000_000_000n] };
    if (i % 7 === 3) view.holds.set(key, hold);
    if (i % 7 === 5) views.find(({ tally }) => !tally.series.has(key))?.holds.set(key, hold);
  }
}

function samplesOf(views: readonly PartitionView[]) {
  const request = { format: 'text', atMs: null, sampleTtlMs: 600_000, selection: WHOLE_PAGE } as const;
  const page = readPage(Buffer.from([...writePage(views, request)].join('')), 'text');
  if (page.kind === 'too_large') throw new Error(page.detail);
  return page.samples;
}
