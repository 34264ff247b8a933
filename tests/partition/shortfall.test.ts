import * as fc from 'fast-check';
import { openRandom } from '../support/history-random';
import { historyArbitrary, type History, type Settings } from '../support/history';
import { differencesOf, readPage } from '../support/page-series';
import { isOurCounter, openWitness } from './pages';
import { hasUnread, play, type Incidents } from './schedule';
import type { Hold } from '../../services/view/hold';
import type { Simulation } from './simulation';
import { depth } from '../support/depth';

jest.setTimeout(180_000);

const RUNS = depth(10, 60);
const LINES = 150;
const CALM: Incidents = { takeOver: false, die: false, stray: false, rewind: false };
const EVENTFUL: Incidents = { takeOver: true, die: true, stray: true, rewind: false };
const DAY_MS = 86_400_000;

const seeds = fc.noShrink(fc.nat());

/**
 * An id that was forgotten and comes again is another entity, whose counters begin anew: no such ids here.
 */
function remembering(history: History): Settings {
  return { ...history.settings, dedupeMs: 10_000 * DAY_MS };
}

describe('a page from the commits', () => {
  test('as of a moment is the ledger, whatever the batches, the owners and the wrong places were', () => {
    fc.assert(
      fc.property(historyArbitrary(LINES), seeds, (history, seed) => {
        const random = openRandom(seed);
        const simulation = play(seed, history.entries, history.settings, EVENTFUL, (here) => {
          if (random.chance(0.2))
            expectLedger(here, here.earliestAtMs() + random.pick([0, 1, 5000, 900_000]));
        });
        expectLedger(simulation, simulation.earliestAtMs());
        expect(simulation.refusals()).toEqual(
          simulation.oracle(simulation.earliestAtMs()).dead.map(({ reason }) => reason),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test('is the ledger as of the page times, but for what is held above it', () => {
    fc.assert(
      fc.property(historyArbitrary(LINES), seeds, (history, seed) => {
        const random = openRandom(seed);
        play(seed, history.entries, history.settings, EVENTFUL, (here) => {
          if (random.chance(0.2)) expectLedgerOrHeld(here);
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('never shows a counter fall, also when its series was hidden in between', () => {
    fc.assert(
      fc.property(historyArbitrary(LINES), seeds, (history, seed) => {
        const witness = openWitness();
        play(seed, history.entries, remembering(history), EVENTFUL, (here) => {
          expect(witness.fallenOn(here.page() ?? '')).toEqual([]);
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('is the same when the partition is begun anew after each commit', () => {
    fc.assert(
      fc.property(historyArbitrary(LINES), seeds, (history, seed) => {
        const pages: (string | null)[] = [];
        const settings = { ...history.settings, partitions: 1 };
        play(seed, history.entries, settings, CALM, (here) => pages.push(here.page()));
        const again: (string | null)[] = [];
        play(seed, history.entries, settings, CALM, (here) => {
          again.push(here.page());
          // Of one that is behind, more may have been shown with each takeover.
          if (here.page() !== null) here.takeOver(0);
        });
        expect(again).toEqual(pages);
      }),
      { numRuns: RUNS },
    );
  });

  test('holds nothing that the ledger has caught up with', () => {
    fc.assert(
      fc.property(historyArbitrary(LINES), seeds, (history, seed) => {
        const simulation = play(
          seed,
          history.entries,
          { ...history.settings, partitions: 1 },
          EVENTFUL,
          () => undefined,
        );
        simulation.nowMs = Math.max(simulation.nowMs, simulation.earliestAtMs()) + 1000 * DAY_MS;
        expect(hasUnread(simulation, 0)).toBe(false);
        simulation.fold(0, { lifecycle: 0, telemetry: 0 });
        const shown = readPage(simulation.page() ?? '');
        const ledger = readPage(simulation.page({ atMs: simulation.earliestAtMs() }) ?? '');
        for (const hold of simulation.held(0).values()) {
          const keys = [...shown.keys()].filter((key) => isSeriesOf(key, hold));
          const isAbove = (key: string): boolean => (shown.get(key) ?? 0) > (ledger.get(key) ?? 0);
          if (keys.length > 0) expect(keys.filter(isAbove)).not.toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

/** A series of the family with these label values, of a histogram all of them. */
function isSeriesOf(key: string, { family, labels }: Hold): boolean {
  const name = key.slice(0, key.indexOf('{')).replace(/(?<=_seconds)_(bucket|sum|count)$/, '');
  const values = [...key.matchAll(/([a-z_]+)=("(?:[^"\\]|\\.)*")/g)].filter(([, label]) => label !== 'le');
  return (
    name === family &&
    values.map(([, , json]) => json).join() === labels.map((label) => JSON.stringify(label)).join()
  );
}

function expectLedger(simulation: Simulation, atMs: number): void {
  const page = simulation.page({ atMs });
  if (page !== null) expect(differencesOf(simulation.oracle(atMs).series, readPage(page))).toEqual([]);
}

/**
 * The page at its page times: gauges are the ledger's; counters too, or above it, and the sum of that is on
 * the page.
 */
function expectLedgerOrHeld(simulation: Simulation): void {
  const page = simulation.page();
  if (page === null) return;
  const shown = readPage(page);
  const ledger = new Map(simulation.oracle().series);
  const held = new Map<string, number>();
  let largest = 0;
  for (const [key, value] of ledger) {
    const excess = (shown.get(key) ?? 0) - value;
    if (!isOurCounter(key) || !(excess > 0)) continue;
    const family = key.slice(0, key.indexOf('{'));
    held.set(family, (held.get(family) ?? 0) + excess);
    ledger.set(key, shown.get(key) ?? 0);
    largest = Math.max(largest, value + excess);
  }
  const heldKeys = [...shown].filter(([key]) => key.startsWith('fleetmeter_held{'));
  expect(differencesOf(ledger, without(shown, heldKeys))).toEqual([]);
  // Of doubles that were subtracted: as exact as the largest of them.
  const inexact = largest * 1e-13 * ledger.size;
  for (const [key, value] of heldKeys) {
    const family = /"(.*)"/.exec(key)?.[1] ?? '';
    const above = held.get(family) ?? 0;
    expect(value).toBeGreaterThanOrEqual(above - inexact);
    expect(value).toBeLessThanOrEqual(above + inexact);
    held.delete(family);
  }
  expect([...held.keys()]).toEqual([]);
}

function without(
  shown: ReadonlyMap<string, number>,
  entries: readonly [string, number][],
): Map<string, number> {
  const rest = new Map(shown);
  for (const [key] of entries) rest.delete(key);
  return rest;
}
