import * as fc from 'fast-check';
import { foldNaively } from '../oracle';
import {
  DEFAULT_SETTINGS,
  duplicateEach,
  historyArbitrary,
  linesOf,
  makeHistory,
  shuffleWithinLateness,
  validHistory,
  validHistoryArbitrary,
  type CloudEvent,
} from './history';

const toLines = (events: readonly CloudEvent[]): string[] => events.map((event) => JSON.stringify(event));

describe('histories', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(makeHistory(7, 50)).toEqual(makeHistory(7, 50));
    expect(linesOf(makeHistory(7, 50))).not.toEqual(linesOf(makeHistory(8, 50)));
  });

  it('have every reason to refuse an event of a file, and some that are all taken', () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const history = makeHistory(seed, 150);
      const { dead } = foldNaively(linesOf(history), history.settings);
      if (dead.length === 0) seen.add('none');
      for (const { reason } of dead) seen.add(reason);
    }
    expect([...seen].sort()).toEqual([
      'invalid_data',
      'invalid_envelope',
      'invalid_json',
      'none',
      'too_large',
      'too_late',
      'unknown_type',
    ]);
  });

  it('shrink to the lines that matter', () => {
    const found = fc.check(
      fc.property(
        historyArbitrary(60),
        ({ entries }) => !entries.some(({ line }) => line.includes('run.submitted')),
      ),
      { seed: 1 },
    );
    expect(found.counterexample?.[0].entries).toHaveLength(1);
  });
});

describe('valid histories', () => {
  it('give the same page in any order and with every event twice, and none is refused', () => {
    fc.assert(
      fc.property(validHistoryArbitrary(100), fc.integer(), (events, seed) => {
        const page = foldNaively(toLines(events), DEFAULT_SETTINGS);
        const mixed = shuffleWithinLateness(duplicateEach(events), seed);
        const other = foldNaively(toLines(mixed), DEFAULT_SETTINGS);
        expect(page.dead).toEqual([]);
        expect(other.dead).toEqual([]);
        expect(new Map([...other.series].sort())).toEqual(new Map([...page.series].sort()));
      }),
      { numRuns: 20 },
    );
  });

  it('really come in another order', () => {
    const events = validHistory(3, 100);
    expect(shuffleWithinLateness(events, 1)).not.toEqual(events);
    expect(duplicateEach(events)).toHaveLength(200);
  });
});
