/**
 * Every sample that is filled in is what `render --at` of its moment prints: compared with an oracle that
 * knows no backfill.
 */
import fc from 'fast-check';
import { stepsBetween } from '../../services/backfill/steps';
import { foldNaively } from '../oracle/index';
import { historyArbitrary, linesOf, makeHistory, type History } from '../support/history';
import { differencesOf } from '../support/page-series';
import { fillIn, isFilledIn } from './support';
import { depth } from '../support/depth';

const FIRST_MS = Date.UTC(2026, 10, 24, 7, 55);

function differences(history: History, fromMs: number, stepMs: number, count: number): string[] {
  const lines = linesOf(history);
  const steps = stepsBetween(fromMs, fromMs + (count - 1) * stepMs, stepMs);
  const moments = fillIn(lines, history.settings, steps);
  return Array.from({ length: count }, (_, i) => fromMs + i * stepMs).flatMap((atMs) => {
    const { series } = foldNaively(lines, { ...history.settings, atMs });
    const expected = new Map([...series].filter(([key]) => isFilledIn(key)));
    return differencesOf(expected, moments.get(atMs) ?? new Map()).map(
      (text) => `${new Date(atMs).toISOString()} ${text}`,
    );
  });
}

test('at every step, every series', () => {
  fc.assert(
    fc.property(
      historyArbitrary(80),
      fc.constantFrom(1000, 60_000, 1_800_000, 86_400_000),
      fc.integer({ min: 0, max: 600 }),
      (history, stepMs, shiftS) => {
        expect(differences(history, FIRST_MS + 1000 * shiftS, stepMs, 12)).toEqual([]);
      },
    ),
    { numRuns: depth(20, 300) },
  );
}, 120_000);

test('of a long history too, of which much is settled and folded on the way', () => {
  for (const seed of [2, 5]) {
    const history = makeHistory(seed, 11_000);
    expect([seed, differences(history, FIRST_MS + 3_600_000, 7_200_000, 6)]).toEqual([seed, []]);
  }
}, 120_000);
