/**
 * When the fold compacts, settles, drops and hands over is its own business: no figure and no verdict shows
 * it.
 */
import fc from 'fast-check';
import { differencesOf as refusalsDiffer } from '../oracle/difference';
import { foldNaively, type LogPlace } from '../oracle/index';
import { pageOf } from '../support/folded';
import { historyArbitrary, linesOf, makeHistory, type History } from '../support/history';
import { openRandom } from '../support/history-random';
import { livePlaces } from '../support/live-log';
import { differencesOf, readPage } from '../support/page-series';
import { foldInSteps, type Stepping } from '../support/stepped-fold';
import { depth } from '../support/depth';

interface Run {
  readonly history: History;
  readonly pageTimes: readonly number[];
  readonly places?: readonly LogPlace[];
  readonly how: Pick<Stepping, 'settleChance' | 'handOverChance'> & { readonly compactFrom?: number };
}

function differences({ history, pageTimes, places, how }: Run): string[] {
  const lines = linesOf(history);
  const { settings, seed } = history;
  const live = places === undefined ? {} : { places };
  const stepped = foldInSteps(lines, { seed, settings, pageTimes, ...live, ...how });
  const naive = foldNaively(lines, { ...settings, pageTimes, ...live });
  return [
    ...refusalsDiffer({ series: new Map(), dead: stepped.dead }, { series: new Map(), dead: naive.dead }),
    ...differencesOf(naive.series, readPage(pageOf({ ...stepped, atMs: null }))),
  ];
}

/** Page times from before the newest event to long after it. */
function pageTimesOf({ seed, settings, entries }: History): number[] {
  const random = openRandom(seed);
  const times = entries
    .map(({ event }) => Date.parse(event?.time.toUpperCase() ?? ''))
    .filter((ms) => ms > 0);
  const newestMs = Math.max(Date.UTC(2026, 10, 24, 8), ...times);
  const pageTimeMs = newestMs + random.pick([0, 0, 1000, settings.sampleTtlMs, -settings.latenessMs]);
  return new Array<number>(settings.partitions).fill(pageTimeMs);
}

const EAGER = { settleChance: 0.5, handOverChance: 0.3, compactFrom: 2 };
const LATE = { settleChance: 0, handOverChance: 0 };
const RARELY = { settleChance: 0.05, handOverChance: 0.5 };

describe.each([
  ['eagerly', EAGER],
  ['now and then', RARELY],
  ['never', LATE],
])('compacted, settled and handed over %s', (_, how) => {
  test('a file', () => {
    fc.assert(
      fc.property(historyArbitrary(90), (history) => {
        expect(differences({ history, pageTimes: pageTimesOf(history), how })).toEqual([]);
      }),
      { numRuns: depth(30, 300) },
    );
  });

  test('a live log', () => {
    fc.assert(
      fc.property(historyArbitrary(90), (history) => {
        const places = livePlaces(history);
        const random = openRandom(history.seed);
        const pageTimes = pageTimesOf(history).map((ms) => ms + random.integer(0, 60_000));
        expect(differences({ history, pageTimes, places, how })).toEqual([]);
      }),
      { numRuns: depth(30, 300) },
    );
  });
});

test('long ones, of which many entities settle into the same totals', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const history = makeHistory(seed, 1500);
    const places = livePlaces(history);
    const run = { history, pageTimes: pageTimesOf(history), places, how: { ...RARELY, compactFrom: 8 } };
    expect([seed, differences(run).slice(0, 5)]).toEqual([seed, []]);
  }
});

test('such histories do what they are made for', () => {
  const seen = new Map<string, number>();
  const note = (what: string, times: number): void => void seen.set(what, (seen.get(what) ?? 0) + times);
  for (let seed = 0; seed < 40; seed++) {
    const history = makeHistory(seed, 90);
    const { settings } = history;
    const pageTimes = new Array<number>(settings.partitions).fill(Date.UTC(2026, 10, 25));
    const run = { seed, settings, pageTimes, places: livePlaces(history), ...EAGER };
    const { dead, handOvers, views } = foldInSteps(linesOf(history), run);
    note('handed over', handOvers);
    for (const { reason } of dead) note(reason, 1);
    for (const { entities, tally } of views) {
      note('compacted', [...entities.values()].filter(({ prefix }) => prefix !== null).length);
      note('settled', [...tally.series.values()].filter(({ absorbed }) => absorbed !== null).length);
    }
  }
  for (const what of ['handed over', 'too_late', 'from_the_future', 'compacted', 'settled']) {
    expect([what, seen.get(what)]).toEqual([what, expect.any(Number)]);
    expect(seen.get(what)).toBeGreaterThan(20);
  }
});
