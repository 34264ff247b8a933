/** A clock that was far ahead and is set right: page time goes back with it, and no counter does. */
import * as fc from 'fast-check';
import { encodeEvent } from '../../events/codec';
import { historyArbitrary } from '../support/history';
import { depth } from '../support/depth';
import { readPage } from '../support/page-series';
import { tell, type Told } from '../support/told';
import { openWitness } from './pages';
import { partitionsOf, play } from './schedule';
import { simulate, type Simulation } from './simulation';

const RUNS = depth(15, 200);
const LINES = 150;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 10, 24, 8);
const PAGE_TIME = 'fleetmeter_page_timestamp_seconds{}';
const EVENTFUL = { takeOver: true, die: true, stray: true, rewind: false, wrongClock: true };

test('no counter falls, whatever the batches and the owners are', () => {
  let returns = 0;
  fc.assert(
    fc.property(historyArbitrary(LINES), fc.noShrink(fc.nat()), (history, seed) => {
      const witness = openWitness();
      const settings = { ...history.settings, partitions: 1, dedupeMs: 10_000 * DAY_MS };
      let pageTime = 0;
      const look = (here: Simulation): void => {
        const page = here.page();
        if (page === null) return;
        expect(witness.fallenOn(page)).toEqual([]);
        const now = readPage(page).get(PAGE_TIME) ?? 0;
        if (now < pageTime) returns++;
        pageTime = now;
      };
      const simulation = play(seed, history.entries, settings, EVENTFUL, look);
      for (const number of partitionsOf(simulation)) simulation.fold(number, { lifecycle: 0, telemetry: 0 });
      look(simulation);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(returns).toBeGreaterThan(0);
}, 600_000);

// ---- one that began before, and one that began after ------------------------------------------------------

function tenDollarJob(simulation: Simulation, id: string): void {
  const run = { id: `run of ${id}` };
  const job = { id };
  const told: Told[] = [
    {
      type: 'job.submitted',
      data: {
        ...{ project: 'p', user: 'u', run: { ...run, name: 'r', type: 'task' } },
        job: { ...job, name: id, num: 0, replica_num: 0 },
      },
      atMs: simulation.nowMs,
    },
    {
      type: 'job.provisioned',
      data: {
        ...{ run, job, instance: { backend: 'aws' } },
        ...{ resources: { cpus: 1, memory_bytes: 1 }, price: { dollars_per_hour: 10 } },
      },
      atMs: simulation.nowMs,
    },
  ];
  for (const each of told) simulation.append(encodeEvent(tell(each)));
}

/** Dollars by the id of the job. */
function costs(simulation: Simulation): Map<string, number> {
  const page = readPage(simulation.page() ?? '');
  return new Map(
    [...page].flatMap(([key, dollars]) => {
      const id = /^fleetmeter_job_cost_dollars_total\{.*dstack_job_id="([^"]*)"/.exec(key)?.[1];
      return id === undefined ? [] : [[id, dollars] as const];
    }),
  );
}

function fold(simulation: Simulation): void {
  simulation.fold(0, { lifecycle: 10, telemetry: 10 });
}

const SETTINGS = { partitions: 1, latenessMs: DAY_MS, dedupeMs: 30 * DAY_MS, sampleTtlMs: 600_000 };

test('what begins after it was set right is charged from then; what was shown before stands until the ledger has caught up', () => {
  const simulation = simulate(SETTINGS, START_MS);
  tenDollarJob(simulation, 'before');
  fold(simulation);
  simulation.nowMs += 2 * DAY_MS;
  fold(simulation);
  expect(costs(simulation)).toEqual(new Map([['before', 480]]));

  simulation.nowMs -= 2 * DAY_MS;
  tenDollarJob(simulation, 'after');
  fold(simulation);
  expect(readPage(simulation.page() ?? '').get(PAGE_TIME)).toBe(START_MS / 1000);
  expect(costs(simulation).get('before')).toBe(480);
  expect(costs(simulation).get('after')).toBe(0);

  simulation.nowMs += 3_600_000;
  fold(simulation);
  expect(costs(simulation)).toEqual(
    new Map([
      ['before', 480],
      ['after', 10],
    ]),
  );

  simulation.nowMs += 2 * DAY_MS;
  fold(simulation);
  expect(costs(simulation)).toEqual(
    new Map([
      ['before', 490],
      ['after', 490],
    ]),
  );
  expect([...simulation.held(0)]).toEqual([]);
});

test('a takeover by the wrong clock does not keep pages away until that time has come', () => {
  const simulation = simulate(SETTINGS, START_MS);
  tenDollarJob(simulation, 'before');
  fold(simulation);
  simulation.nowMs += 2 * DAY_MS;
  simulation.rewind(0, 1);
  simulation.nowMs -= 2 * DAY_MS;
  simulation.nowMs += 3_600_000;
  fold(simulation);
  expect(readPage(simulation.page() ?? '').get(PAGE_TIME)).toBe((START_MS + 3_600_000) / 1000);
  // It can't be known that it was not shown as of then.
  expect(costs(simulation)).toEqual(new Map([['before', 480]]));
});
