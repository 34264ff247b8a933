/** `render` against the oracle: every series and every refusal of histories as they are on a bad day. */
import fc from 'fast-check';
import { foldNaively } from '../oracle/index';
import { differencesOf as refusalsDiffer } from '../oracle/difference';
import { foldLines, pageOf } from '../support/folded';
import { historyArbitrary, linesOf, makeHistory, type History } from '../support/history';
import { differencesOf, readPage } from '../support/page-series';
import { depth } from '../support/depth';

function differences(history: History, atMs: number | undefined): string[] {
  const lines = linesOf(history);
  const folded = foldLines(lines, history.settings, atMs);
  const naive = foldNaively(lines, { ...history.settings, ...(atMs === undefined ? {} : { atMs }) });
  return [
    ...refusalsDiffer({ series: new Map(), dead: folded.dead }, { series: new Map(), dead: naive.dead }),
    ...differencesOf(naive.series, readPage(pageOf(folded))),
  ];
}

test.each([
  ['as of the newest event', 80, () => undefined],
  ['as of a moment', 80, (history: History) => history.atMs ?? Date.UTC(2026, 10, 24, 9)],
])('every series and every refusal equal the oracle’s, %s', (_, size, atMsOf) => {
  fc.assert(
    fc.property(historyArbitrary(size), (history) => {
      expect(differences(history, atMsOf(history))).toEqual([]);
    }),
    { numRuns: depth(25, 400) },
  );
});

test('long histories too, of which much is settled on the way', () => {
  for (const seed of [1, 3, 6]) {
    const history = makeHistory(seed, 11_000);
    expect([seed, differences(history, history.atMs)]).toEqual([seed, []]);
  }
});

test('a page as of a moment before the first event is empty but for its time', () => {
  const history = makeHistory(3, 100);
  expect(pageOf(foldLines(linesOf(history), history.settings, 1000))).toBe(
    '# HELP fleetmeter_page_timestamp_seconds The moment that the page is as of: the oldest page time of the partitions, ' +
      'seconds since the epoch\n# TYPE fleetmeter_page_timestamp_seconds gauge\nfleetmeter_page_timestamp_seconds 1\n',
  );
});
