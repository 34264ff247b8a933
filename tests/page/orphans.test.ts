/**
 * `fleetmeter_orphaned_jobs`, at the edges of its sentence; whole histories are compared with the oracle
 * elsewhere.
 */
import { encodeEvent } from '../../events/codec';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';
import { readPage } from '../support/page-series';
import {
  instanceStarted,
  jobProvisioned,
  jobSubmitted,
  runSubmitted,
  tell,
  type Told,
} from '../support/told';

const T0 = Date.UTC(2026, 10, 24, 8);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

type Step = Pick<Told, 'type' | 'data'> & Partial<Told>;

function at(hours: number, told: Step): Told {
  return { ...told, atMs: T0 + hours * HOUR };
}

const runFinished = { type: 'run.finished', data: { run: { id: 'r' }, status: 'done' } };
const terminated = { type: 'instance.terminated', data: { instance: { id: 'i' } } };
const jobFinished = { type: 'job.finished', data: { run: { id: 'r' }, job: { id: 'j' }, status: 'done' } };
const placed = [
  at(0, instanceStarted('i')),
  at(0, runSubmitted('r')),
  at(0, jobSubmitted('j')),
  at(0, jobProvisioned('j', { id: 'i' })),
];

/** How many, by project, so many hours on. */
function orphaned(told: readonly Told[], atMs = T0 + 2 * HOUR): Record<string, number> {
  const lines = told.map((each) => encodeEvent(tell(each)));
  const page = readPage(pageOf(foldLines(lines, DEFAULT_SETTINGS, atMs)));
  return Object.fromEntries(
    [...page].flatMap(([key, value]) => {
      const project = /^fleetmeter_orphaned_jobs\{dstack_project_name="(.*)"\}$/.exec(key)?.[1];
      return project === undefined ? [] : [[project, value]];
    }),
  );
}

test.each<[string, Told[], Record<string, number>]>([
  ['none while all go on', placed, { p: 0 }],
  ['its run has finished', [...placed, at(1, runFinished)], { p: 1 }],
  ['its instance has terminated', [...placed, at(1, terminated)], { p: 1 }],
  ['once, if both have', [...placed, at(1, runFinished), at(1, terminated)], { p: 1 }],
  ['not when the job has ended too', [...placed, at(1, terminated), at(1.5, jobFinished)], { p: 0 }],
  ['though nobody described its run', [...placed.slice(2), at(1, runFinished)], { p: 1 }],
  ['not by an instance of no known project', [...placed.slice(1), at(1, terminated)], { p: 0 }],
  [
    'nor by one of another project',
    [at(0, instanceStarted('i', { project: 'q' })), ...placed.slice(1), at(1, terminated)],
    { p: 0 },
  ],
  ['nor a job that is not on the page', [...placed.slice(0, 3), at(1, runFinished)], { p: 0 }],
  ['not at the moment of the end', [...placed, at(2, runFinished)], { p: 0 }],
])('%s', (_, told, expected) => {
  expect(orphaned(told)).toEqual(expected);
});

test('0 for each project that ever had a job, and for no other', () => {
  const told = [
    at(0, instanceStarted('i', { project: 'no jobs' })),
    at(0, jobSubmitted('j', { project: 'q' })),
    at(1, jobFinished),
  ];
  expect(orphaned(told)).toEqual({ q: 0 });
});

test.each([
  ['run', runFinished],
  ['instance', terminated],
])('also when the %s has settled, and its id is forgotten', (_, end) => {
  // Records on the partitions of both, so that their log times go on.
  const later = (days: number): Told[] => [
    { ...jobSubmitted('other'), atMs: T0 + days * DAY },
    ...Array.from({ length: 40 }, (__, n) => ({
      ...instanceStarted(`other ${String(n)}`),
      atMs: T0 + days * DAY,
    })),
  ];
  const told = [...placed, at(1, end), ...later(3), ...later(50)];
  expect(orphaned(told, T0 + 51 * DAY)).toEqual({ p: 1 });
  expect(orphaned(told, T0 + HOUR / 2)).toEqual({ p: 0 });
});
