import * as fc from 'fast-check';
import { historyArbitrary, type Entry } from '../support/history';
import { openWitness } from './pages';
import { partitionsOf, play, type Incidents } from './schedule';
import { depth } from '../support/depth';

const RUNS = depth(60, 300);
const LINES = 150;
const REWINDING: Incidents = { takeOver: true, die: true, stray: false, rewind: true };

/** As they are sent when they happen: log time is the time of the append. */
function live(entries: readonly Entry[]): Entry[] {
  return entries.flatMap(({ event }) => {
    if (event === undefined) return [];
    const { recordedtime: _, ...sent } = event;
    return [{ line: JSON.stringify(sent), event: sent }];
  });
}

test('after rewinds of the store no counter is shown lower than it was before them', () => {
  let rewinds = 0;
  fc.assert(
    fc.property(historyArbitrary(LINES), fc.noShrink(fc.nat()), (history, seed) => {
      const witness = openWitness();
      const settings = { ...history.settings, partitions: 1, dedupeMs: 10_000 * 86_400_000 };
      let wasAway = false;
      const simulation = play(seed, live(history.entries), settings, REWINDING, (here) => {
        const page = here.page();
        if (page === null) {
          wasAway = true;
          return;
        }
        if (wasAway) rewinds++;
        wasAway = false;
        expect(witness.fallenOn(page)).toEqual([]);
      });
      for (const number of partitionsOf(simulation)) simulation.fold(number, { lifecycle: 0, telemetry: 0 });
      expect(witness.fallenOn(simulation.page() ?? '')).toEqual([]);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(rewinds).toBeGreaterThan(RUNS / 2);
}, 120_000);

test('nor after a second one, to a state still older than the one of the first', () => {
  let seconds = 0;
  fc.assert(
    fc.property(historyArbitrary(LINES), fc.noShrink(fc.nat()), (history, seed) => {
      const witness = openWitness();
      const settings = { ...history.settings, partitions: 1, dedupeMs: 10_000 * 86_400_000 };
      let commits = 0;
      let firstAt: number | null = null;
      const simulation = play(
        seed,
        live(history.entries),
        settings,
        { ...REWINDING, rewind: false },
        (here) => {
          const page = here.page();
          if (page !== null) expect(witness.fallenOn(page)).toEqual([]);
          commits++;
          if (commits === 15) {
            firstAt = commits;
            here.rewind(0, 5);
          } else if (firstAt !== null && page !== null) {
            here.rewind(0, commits - firstAt + 8);
            firstAt = null;
            seconds++;
          }
        },
      );
      for (let tries = 0; simulation.page() === null && tries < 10; tries++) {
        simulation.nowMs += 1000;
        simulation.fold(0, { lifecycle: LINES, telemetry: LINES });
      }
      expect(witness.fallenOn(simulation.page() ?? '')).toEqual([]);
    }),
    { numRuns: RUNS / 2, endOnFailure: true },
  );
  expect(seconds).toBeGreaterThan(RUNS / 20);
}, 120_000);
