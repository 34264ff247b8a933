/**
 * Files that hold the same events, none of them refused in any, give the same page to the byte: whatever the
 * order and the repeats.
 */
import fc from 'fast-check';
import { foldLines, pageOf } from '../support/folded';
import {
  DEFAULT_SETTINGS,
  duplicateEach,
  shuffleWithinLateness,
  validHistoryArbitrary,
  type CloudEvent,
} from '../support/history';
import { depth } from '../support/depth';

function pagesOf(events: readonly CloudEvent[], atMs: number | undefined): string[] {
  const folded = foldLines(
    events.map((event) => JSON.stringify(event)),
    DEFAULT_SETTINGS,
    atMs,
  );
  expect(folded.dead).toEqual([]);
  return [pageOf(folded, 'text'), pageOf(folded, 'openmetrics')];
}

test.each([
  ['as of the newest event', undefined],
  ['as of a moment in between', Date.UTC(2026, 10, 24, 9)],
  ['as of a moment long after', Date.UTC(2026, 10, 30)],
])('%s', (_, atMs) => {
  fc.assert(
    fc.property(validHistoryArbitrary(120), fc.integer(), (events, seed) => {
      const pages = pagesOf(events, atMs);
      expect(pagesOf(shuffleWithinLateness(events, seed), atMs)).toEqual(pages);
      expect(pagesOf(events.toReversed(), atMs)).toEqual(pages);
      expect(pagesOf(duplicateEach(events), atMs)).toEqual(pages);
      expect(pagesOf([...events, ...shuffleWithinLateness(events, seed)], atMs)).toEqual(pages);
    }),
    { numRuns: depth(10, 100) },
  );
});

test('and whatever lies between them: 10,000 records are settled in between', () => {
  fc.assert(
    fc.property(validHistoryArbitrary(120), (events) => {
      const many = Array.from(
        { length: Math.ceil(10_500 / Math.max(1, events.length)) },
        () => events,
      ).flat();
      for (const atMs of [undefined, Date.UTC(2026, 10, 24, 9)]) {
        expect(pagesOf(many, atMs)).toEqual(pagesOf(events, atMs));
      }
    }),
    { numRuns: 2 },
  );
});

test('blank lines are nothing', () => {
  expect(foldLines(['', ' \t ', '\r'], DEFAULT_SETTINGS).dead).toEqual([]);
  expect(foldLines([' x', '{'], DEFAULT_SETTINGS).dead.map(({ reason }) => reason)).toEqual([
    'invalid_json',
    'invalid_json',
  ]);
});
