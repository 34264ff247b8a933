import { encodeEvent } from '../../events/codec';
import { DEFAULT_SETTINGS } from '../support/history';
import { differencesOf, readPage } from '../support/page-series';
import {
  instanceStarted,
  jobProvisioned,
  jobSubmitted,
  runSubmitted,
  tell,
  type Told,
} from '../support/told';
import { openWitness } from './pages';
import { simulate, type Simulation } from './simulation';

const T0 = Date.UTC(2026, 10, 24, 8);
const ALL = { lifecycle: 100, telemetry: 100 };
/** A dollar a second. */
const PRICE = { price: { dollars_per_hour: 3600 } };

interface World extends Simulation {
  /** Puts what happened at a second on the log. */
  happens(second: number, ...told: readonly Pick<Told, 'type' | 'data'>[]): void;
  /** Lets the clock reach a second, reads all and commits. */
  foldAt(second: number): void;
  /** Figures of a family by its name, in the order of the page. */
  figures(name: string): number[];
}

function openWorld(): World {
  const simulation = simulate({ ...DEFAULT_SETTINGS, partitions: 1 }, T0);
  return Object.assign(simulation, {
    happens(second: number, ...told: readonly Pick<Told, 'type' | 'data'>[]) {
      for (const each of told) simulation.append(encodeEvent(tell({ ...each, atMs: T0 + second * 1000 })));
    },
    foldAt(second: number) {
      simulation.nowMs = T0 + second * 1000;
      simulation.fold(0, ALL);
    },
    figures: (name: string) =>
      [...readPage(simulation.page() ?? '')]
        .filter(([key]) => key.startsWith(`${name}{`))
        .map(([, value]) => value),
  });
}

function job(id: string): Pick<Told, 'type' | 'data'>[] {
  return [jobSubmitted(id), jobProvisioned(id, {}, PRICE)];
}
function jobFinished(id: string): Pick<Told, 'type' | 'data'> {
  return { type: 'job.finished', data: { run: { id: 'r' }, job: { id }, status: 'done' } };
}
function instanceStatus(status: string): Pick<Told, 'type' | 'data'> {
  return { type: 'instance.status_changed', data: { instance: { id: 'i' }, status } };
}
const USAGE = 'fleetmeter_usage_cost_dollars_total';
const HELD = 'fleetmeter_held';

test('a finish that is learned two seconds late: the sum stands still, the job is gone, and then the sum goes on', () => {
  const world = openWorld();
  world.happens(0, runSubmitted('r'), ...job('a'), ...job('b'));
  world.foldAt(12);
  expect([world.figures(USAGE), world.figures('fleetmeter_job_cost_dollars_total')]).toEqual([
    [24],
    [12, 12],
  ]);
  world.happens(10, jobFinished('a'));
  world.foldAt(13);
  expect([world.figures(USAGE), world.figures('fleetmeter_job_cost_dollars_total')]).toEqual([[24], [13]]);
  expect(world.figures(HELD)).toEqual([1, 2]);
  expect(readPage(world.page() ?? '').get(`${HELD}{family="${USAGE}"}`)).toBe(1);
  world.foldAt(14);
  expect([world.figures(USAGE), world.figures(HELD)]).toEqual([[24], []]);
  world.foldAt(15);
  expect([world.figures(USAGE), world.figures(HELD)]).toEqual([[25], []]);
  expect(world.held(0).size).toBe(0);
});

test('what was shown of a series is kept while it is hidden, and shown again until the ledger is past it', () => {
  const world = openWorld();
  const cost = 'fleetmeter_instance_cost_dollars_total';
  world.happens(0, instanceStarted('i', { ...PRICE, status: 'busy' }));
  world.foldAt(10);
  expect(world.figures(cost)).toEqual([10]);
  world.happens(10, instanceStatus('pending'));
  world.foldAt(11);
  expect(world.figures(cost)).toEqual([]);
  world.happens(2, {
    type: 'instance.price_changed',
    data: { instance: { id: 'i' }, price: { dollars_per_hour: 0 } },
  });
  world.foldAt(12);
  world.takeOver(0);
  world.happens(13, instanceStatus('idle'));
  world.foldAt(14);
  expect(world.figures(cost)).toEqual([10]);
  world.happens(14, { type: 'instance.price_changed', data: { instance: { id: 'i' }, ...PRICE } });
  world.foldAt(21);
  expect(world.figures(cost)).toEqual([10]);
  world.foldAt(24);
  expect(world.figures(cost)).toEqual([12]);
});

test('after a rewind no page is shown as of a moment before the takeover, also when records come in meanwhile', () => {
  const world = openWorld();
  const witness = openWitness();
  world.happens(0, instanceStarted('i', { ...PRICE, status: 'busy' }));
  world.foldAt(1);
  world.happens(1, runSubmitted('r'));
  world.foldAt(60);
  expect(witness.fallenOn(world.page() ?? '')).toEqual([]);
  world.rewind(0, 1);
  world.happens(60, runSubmitted('r2'));
  world.nowMs += 5000;
  world.fold(0, { lifecycle: 1, telemetry: 0 });
  expect(world.page()).toBeNull();
  world.fold(0, ALL);
  expect(witness.fallenOn(world.page() ?? 'none')).toEqual([]);
  expect(world.figures('dstack_instance_duration_seconds_total')).toEqual([65]);
});

test('after a rewind a sum that falls twice on the way is held as it was before the first time', () => {
  const world = openWorld();
  const witness = openWitness();
  world.happens(0, runSubmitted('r'), ...job('a'), ...job('b'));
  world.foldAt(1);
  world.foldAt(100);
  world.happens(10, jobFinished('a'));
  world.foldAt(101);
  world.happens(10, jobFinished('b'));
  world.foldAt(102);
  world.happens(102, runSubmitted('r2'));
  world.foldAt(103);
  expect(witness.fallenOn(world.page() ?? 'none')).toEqual([]);
  expect(world.figures(USAGE)).toEqual([200]);
  world.rewind(0, 4);
  world.foldAt(104);
  expect(witness.fallenOn(world.page() ?? 'none')).toEqual([]);
  // As of two seconds after the first of the finishes was appended: page time can't have been further.
  expect(world.figures(USAGE)).toEqual([204]);
});

test('an id that has no UTF-8 is the same entity after a takeover', () => {
  const world = openWorld();
  world.happens(0, runSubmitted('\ud800'), instanceStarted('\ud800', PRICE));
  world.foldAt(1);
  world.takeOver(0);
  world.happens(2, { type: 'run.finished', data: { run: { id: '\ud800' }, status: 'done' } });
  world.happens(2, { type: 'instance.terminated', data: { instance: { id: '\ud800' } } });
  world.foldAt(3);
  const atMs = world.earliestAtMs();
  expect(differencesOf(world.oracle(atMs).series, readPage(world.page({ atMs }) ?? ''))).toEqual([]);
});
