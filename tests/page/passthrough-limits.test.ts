/** What of the exporters' samples is not on the page: counted, by cause, the rest being there. */
import { encodeEvent } from '../../events/codec';
import { openContents } from '../../services/page/contents';
import { cut } from '../../services/page/cut';
import { countIn, gather } from '../../services/page/gathering';
import type { LeftOutOfPage } from '../../services/page/left-out';
import { openLayout } from '../../services/page/layout';
import { writePage } from '../../services/page/page';
import { WHOLE_PAGE } from '../../services/page/selection';
import { foldLines } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';
import { instanceStarted, jobProvisioned, jobSubmitted, tell } from '../support/told';

const T0 = Date.UTC(2026, 10, 24, 8);
type Row = Readonly<Record<'labels' | 'values', Record<string, unknown>>>;

/**
 * A page with a sample of the job j, of its neighbour k of another project, and of the instance i without
 * jobs.
 */
function figuresOf(rows: {
  readonly j?: readonly Row[];
  readonly k?: readonly Row[];
  readonly i?: readonly Row[];
}) {
  const families = { h: { type: 'histogram', help: '' } };
  const sample = (target: object, series: readonly Row[]) => ({
    type: 'gpu.sampled',
    atMs: T0 + 1000,
    data: { ...target, exporter: 'x', families, series },
  });
  const of = (id: string) => ({ run: { id: 'r' }, job: { id } });
  const told = [
    { ...instanceStarted('i'), atMs: T0 },
    ...['j', 'k'].flatMap((id) => [
      { ...jobSubmitted(id, { project: id === 'k' ? 'q' : 'p' }), atMs: T0 },
      { ...jobProvisioned(id, { id: `with ${id}` }), atMs: T0 },
    ]),
    sample(of('j'), rows.j ?? []),
    sample(of('k'), rows.k ?? []),
    sample({ instance: { id: 'i' } }, rows.i ?? []),
  ];
  const { views, atMs, sampleTtlMs } = foldLines(
    told.map((each) => encodeEvent(tell(each))),
    DEFAULT_SETTINGS,
  );
  const request = { format: 'text' as const, atMs, sampleTtlMs, selection: WHOLE_PAGE };
  return { views, request, figures: openContents(views, openLayout(), request) };
}

const series = (count: number): Row[] =>
  Array.from({ length: count }, (_, n) => ({ labels: { n: String(n) }, values: { x: n } }));

function shown(limits: { bearer: number; project: number }, rows: Parameters<typeof figuresOf>[0]) {
  const leftOut = new Map<LeftOutOfPage, number>();
  const { figures } = figuresOf(rows);
  const gathering = gather(figures, figures.layout.passed);
  let step = gathering.next();
  while (step.done !== true) step = gathering.next();
  const kept = cut(step.value, countIn(leftOut), limits).flatMap(({ bearer, values }) =>
    [...values].map((value) => `${bearer.project}/${bearer.kind} ${String(value)}`),
  );
  return { kept: kept.sort(), leftOut: Object.fromEntries(leftOut) };
}

test('series above the limit of a job are cut, the first stay, and no other job loses any', () => {
  expect(shown({ bearer: 2, project: 9 }, { j: series(4), k: series(2) })).toEqual({
    kept: ['p/job 0', 'p/job 1', 'q/job 0', 'q/job 1'],
    leftOut: { job_limit: 2 },
  });
});

test('series above the limit of a project are cut, jobs before instances, and no other project loses any', () => {
  expect(shown({ bearer: 9, project: 3 }, { j: series(2), k: series(3), i: series(2) })).toEqual({
    kept: ['p/instance 0', 'p/job 0', 'p/job 1', 'q/job 0', 'q/job 1', 'q/job 2'],
    leftOut: { project_limit: 1 },
  });
});

test('at the limits none is cut', () => {
  const { leftOut } = shown({ bearer: 3, project: 5 }, { j: series(3), k: series(3), i: series(2) });
  expect(leftOut).toEqual({});
});

test('whoever asks for a page is told what is not on it, and why', () => {
  const row = (values: Record<string, unknown>, labels = {}): Row => ({ labels, values });
  const { views, request } = figuresOf({
    j: [
      row({ dstack_x: 1, fleetmeter_x: 1, 'bad-name': 1, h_sum: 1, x: 1, x_total: 1, nothing: null }),
      row({ x: 1, y: 1 }, { 'bad-label': '1' }),
      row({ x: 2 }, { empty: '' }),
      row({ DCGM_FI_DEV_FB_USED: 140737488355328 }),
    ],
  });
  const told: ReadonlyMap<string, number>[] = [];
  const page = [...writePage(views, { ...request, onLeftOut: (leftOut) => void told.push(leftOut) })].join(
    '',
  );
  expect(page.split('\n').filter((line) => /^[xyh]/.test(line))).toHaveLength(1);
  expect(told.map((leftOut) => Object.fromEntries(leftOut))).toEqual([
    { reserved_name: 2, invalid_name: 1, composite: 1, invalid_label: 2, alike: 1, total: 1 },
  ]);
});

test('a value that no GPU can give is counted, stays where it is passed through, and is no figure', () => {
  const { views, request } = figuresOf({
    i: [{ labels: { UUID: 'GPU-0' }, values: { DCGM_FI_DEV_GPU_UTIL: 1987, DCGM_FI_DEV_GPU_TEMP: 40 } }],
  });
  const told: Record<string, number>[] = [];
  const onLeftOut = (leftOut: ReadonlyMap<string, number>): void =>
    void told.push(Object.fromEntries(leftOut));
  const page = [...writePage(views, { ...request, onLeftOut })].join('');
  expect(page).toMatch(/^DCGM_FI_DEV_GPU_UTIL\{.*\} 1987$/m);
  expect(page).toMatch(/^fleetmeter_gpu_temperature_celsius\{.*\} 40$/m);
  expect(page).not.toContain('fleetmeter_gpu_utilization_ratio');
  expect(told).toEqual([{ out_of_range: 1 }]);
});
