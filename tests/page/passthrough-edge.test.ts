/**
 * A job that ends and a job that starts on the same GPU between two samples, to the millisecond: whatever is
 * known of it when the page is written, no sample of one is shown under the other.
 */
import { encodeEvent } from '../../events/codec';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';
import { readPage } from '../support/page-series';
import { instanceStarted, jobProvisioned, jobSubmitted, tell, type Told } from '../support/told';

const T0 = Date.UTC(2026, 10, 24, 8);
const GPU = 'GPU-0';
/** When j ends, and moments around it. */
const END = 100;
const AROUND = [0, 1, 50, 98, 99, 100, 101, 102, 104, 105, 106, 107, 150];

type Timed = Pick<Told, 'type' | 'data'> & { readonly at: number };

/** Whose labels the sample bears; undefined: it is not shown. */
function bearerOf(events: readonly Timed[]): string | undefined {
  const told = events.map(({ at, ...each }) => encodeEvent(tell({ ...each, atMs: T0 + at })));
  const shown = [...readPage(pageOf(foldLines(told, DEFAULT_SETTINGS))).keys()].filter((key) =>
    key.startsWith('x{'),
  );
  expect(shown.length).toBeLessThan(2);
  return /dstack_(?:job|instance)_id="(\w)"/.exec(shown[0] ?? '')?.[1];
}

const sampleAt = (at: number): Timed => ({
  at,
  type: 'gpu.sampled',
  data: {
    instance: { id: 'i' },
    exporter: 'e',
    families: {},
    series: [{ labels: { UUID: GPU }, values: { x: 1 } }],
  },
});
const provisioned = (id: string, at: number, uuids: object): Timed[] => [
  { at, ...jobSubmitted(id) },
  { at, ...jobProvisioned(id, { id: 'i', ...uuids }) },
];
const finished = (id: string, at: number): Timed => ({
  at,
  type: 'job.finished',
  data: { run: { id: 'r' }, job: { id }, status: 'done' },
});

describe.each([
  ['jobs that say which GPUs they have', { gpu_uuids: [GPU] }],
  ['jobs that have all GPUs of their instance', {}],
])('%s', (_, uuids) => {
  const before = [{ at: 0, ...instanceStarted('i') }, ...provisioned('j', 0, uuids)];

  describe.each([0, 1, 5])('%i ms between them', (gap) => {
    const next = provisioned('k', END + gap, uuids);

    test.each(AROUND)('a sample at %i ms', (at) => {
      const isOfJ = at < END;
      const isOfK = at >= END + gap;
      const sample = sampleAt(at);
      const knowing = {
        'that one has ended': bearerOf([...before, sample, finished('j', END)]),
        both: bearerOf([...before, sample, finished('j', END), ...next]),
        'both, the other first': bearerOf([...before, ...next, finished('j', END), sample]),
        'both, and that the other has ended too': bearerOf([
          ...before,
          sample,
          ...next,
          finished('j', END),
          finished('k', 120),
        ]),
      };
      if (isOfJ) expect(Object.values(knowing)).toEqual([undefined, undefined, undefined, undefined]);
      else {
        expect(knowing['that one has ended']).toBe('i');
        expect(knowing.both).toBe(isOfK ? 'k' : 'i');
        expect(knowing['both, the other first']).toBe(isOfK ? 'k' : 'i');
        expect(['i', undefined]).toContain(knowing['both, and that the other has ended too']);
      }
    });
  });
});

test('as long as nothing else is known, it is the job’s that was there', () => {
  const before = [{ at: 0, ...instanceStarted('i') }, ...provisioned('j', 0, { gpu_uuids: [GPU] })];
  expect(bearerOf([...before, sampleAt(500)])).toBe('j');
  // The other has begun, and of the first one's end nothing is known yet.
  const next = provisioned('k', END, { gpu_uuids: [GPU] });
  expect([
    bearerOf([...before, ...next, sampleAt(99)]),
    bearerOf([...before, ...next, sampleAt(100)]),
  ]).toEqual(['j', 'k']);
});
