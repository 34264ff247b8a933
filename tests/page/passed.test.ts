/**
 * What is passed through is kept for each bearer: after any change of samples or of who is on which GPU, the
 * page is as if it were not.
 */
import fc from 'fast-check';
import { encodeEvent } from '../../events/codec';
import { openLayout } from '../../services/page/layout';
import { writePage, writePieces } from '../../services/page/page';
import { WHOLE_PAGE } from '../../services/page/selection';
import { applyEntry } from '../../services/view/entries';
import { emptyView, type PartitionView } from '../../services/view/view';
import { depth } from '../support/depth';
import { foldLines } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';
import { openRandom, type Random } from '../support/history-random';
import { RESOURCES, instanceStarted, jobProvisioned, jobSubmitted, tell, type Told } from '../support/told';
import { entriesOf } from './stored';

const T0 = Date.UTC(2026, 10, 24, 8);
const SETTINGS = { ...DEFAULT_SETTINGS, sampleTtlMs: 120_000 };
const INSTANCES = ['i', 'k'] as const;
const JOBS = ['j', 'l', 'm'] as const;
const UUIDS = [null, [], ['GPU-a'], ['GPU-b'], ['GPU-a', 'GPU-b']] as const;

/** Something that befalls a small fleet in which much is alike. */
function anEvent(random: Random): Pick<Told, 'type' | 'data'> {
  const job = random.pick(JOBS);
  const of = { run: { id: 'r' }, job: { id: job } };
  switch (random.integer(0, 9)) {
    case 0:
      return instanceStarted(random.pick(INSTANCES), { instance: { id: random.pick(INSTANCES), name: 'n' } });
    case 1:
      return jobSubmitted(job, { project: random.pick(['p', 'q']) });
    case 2:
    case 3: {
      const gpu_uuids = random.pick(UUIDS);
      const instance = { id: random.pick(INSTANCES), gpu_uuids };
      return jobProvisioned(
        job,
        instance,
        random.chance(0.2) ? { resources: { ...RESOURCES, gpu: null } } : {},
      );
    }
    case 4:
      return { type: 'job.finished', data: { ...of, status: 'done' } };
    default:
      return aSample(random, random.chance(0.6) ? { instance: { id: random.pick(INSTANCES) } } : of);
  }
}

function aSample(random: Random, target: object): Pick<Told, 'type' | 'data'> {
  const series = Array.from({ length: random.integer(0, 3) }, () => ({
    labels: {
      [random.pick(['UUID', 'uuid', 'gpu_uuid', 'other'])]: random.pick(['GPU-a', 'GPU-b', 'N/A', '']),
      ...(random.chance(0.2) ? { dstack_job_id: 'j', dstack_instance_id: 'i' } : {}),
      ...(random.chance(0.05) ? { 'bad-name': '1' } : {}),
    },
    values: Object.fromEntries(
      ['DCGM_FI_DEV_GPU_UTIL', 'gpu_gfx_activity', 'x', 'x_total', 'y_total', 'h_sum', 'dstack_x']
        .filter(() => random.chance(0.5))
        .map((name) => [name, random.pick([1, 50, -3, 2147483632, null, 1e15])]),
    ),
  }));
  const families = {
    h: { type: 'histogram', help: '' },
    x: { type: random.pick(['gauge', 'counter']), help: '' },
  };
  return {
    type: 'gpu.sampled',
    data: { ...target, exporter: random.pick(['dcgm', 'amd', 'z']), families, series },
  };
}

/**
 * The views as what has been told so far makes them, changed in place as by what a store says has changed.
 */
function bringTo(views: readonly PartitionView[], told: readonly Told[], pageTimeMs: number): void {
  const folded = foldLines(
    told.map((each) => encodeEvent(tell(each))),
    SETTINGS,
  );
  for (const [number, view] of views.entries()) {
    const before = new Map(entriesOf(view));
    const now = new Map(entriesOf(folded.views[number] ?? emptyView()));
    for (const key of before.keys()) if (!now.has(key)) applyEntry(view, key, null);
    for (const [key, value] of now) if (before.get(key) !== value) applyEntry(view, key, value);
    view.pageTimeMs = pageTimeMs;
  }
}

test('after any of what befalls a fleet, each page is the one that is written from the state alone', () => {
  const passed = { jobs: 0, instances: 0 };
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = openRandom(seed);
      const views = Array.from({ length: SETTINGS.partitions }, () => emptyView());
      const layout = openLayout();
      const told: Told[] = [];
      for (let step = 0; step < 25; step++) {
        const atMs = T0 + step * 7000;
        told.push({
          ...anEvent(random),
          atMs: atMs - random.pick([0, 0, 5000, 20_000]),
          id: `e${String(step)}`,
        });
        bringTo(views, told, atMs);
        const request = {
          format: random.pick(['text', 'openmetrics'] as const),
          atMs: null,
          sampleTtlMs: SETTINGS.sampleTtlMs,
          selection: random.pick([
            WHOLE_PAGE,
            { ...WHOLE_PAGE, project: 'p' },
            { ...WHOLE_PAGE, shard: { index: 1, count: 2 } },
          ]),
        };
        const [kept, anew]: Record<string, number>[] = [{}, {}];
        const written = [
          ...writePieces(
            views,
            { ...request, onLeftOut: (left) => Object.assign(kept!, Object.fromEntries(left)) },
            layout,
          ),
        ]
          .map(({ bytes }) => bytes)
          .join('');
        const expected = [
          ...writePage(views, {
            ...request,
            onLeftOut: (left) => Object.assign(anew!, Object.fromEntries(left)),
          }),
        ].join('');
        expect(written).toBe(expected);
        expect(kept).toEqual(anew);
        if (/^[xy].*dstack_job_id="[jlm]"/m.test(written)) passed.jobs++;
        if (/^[xy].*dstack_instance_id="[ik]"/m.test(written)) passed.instances++;
      }
    }),
    { numRuns: depth(25, 1000) },
  );
  expect(passed.jobs).toBeGreaterThan(30);
  expect(passed.instances).toBeGreaterThan(30);
});
