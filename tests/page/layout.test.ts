/** What is kept from page to page: the next page is the one that would be written without it. */
import fc from 'fast-check';
import type { Format } from '../../services/page/format';
import { openLayout, type Layout } from '../../services/page/layout';
import { writePage, writePieces } from '../../services/page/page';
import type { PageRequest } from '../../services/page/request';
import { WHOLE_PAGE, type Selection } from '../../services/page/selection';
import { ENTITY, HOLD, SAMPLE, SETTLED, SOURCE, TOTAL, applyEntry } from '../../services/view/entries';
import { emptyView, type PartitionView } from '../../services/view/view';
import { depth } from '../support/depth';
import { historyArbitrary, linesOf, type History } from '../support/history';
import { openRandom } from '../support/history-random';
import { foldInSteps } from '../support/stepped-fold';

const PAGE_TIME = Date.UTC(2026, 10, 24, 9);
type Entry = readonly [key: string, value: string];

/** All that the partitions have, as a store has it, with some of it held. */
function storedOf(history: History): { stored: Entry[][]; sampleTtlMs: number } {
  const { seed, settings } = history;
  const pageTimes = new Array<number>(settings.partitions).fill(PAGE_TIME);
  const stepping = { seed, settings, pageTimes, settleChance: 0.2, handOverChance: 0 };
  const { views, sampleTtlMs } = foldInSteps(linesOf(history), stepping);
  return { stored: views.map(entriesOf), sampleTtlMs };
}

function entriesOf(view: PartitionView): Entry[] {
  const entries: Entry[] = [];
  for (const [key, entity] of view.entities)
    entries.push([key, (key.startsWith(ENTITY.prefix) ? ENTITY : SETTLED).encode(entity)]);
  for (const [key, sample] of view.samples) entries.push([SAMPLE.prefix + key, SAMPLE.encode(sample)]);
  for (const [key, timeMs] of view.sources) entries.push([SOURCE.prefix + key, SOURCE.encode(timeMs)]);
  for (const [key, { absorbed, family, labels }] of view.tally.series) {
    if (absorbed !== null) entries.push([TOTAL.prefix + key, TOTAL.encode(absorbed)]);
    const hold = { family: family.name, labels, shown: [10n ** 12n] };
    if (family.type === 'counter' && key.length % 3 === 0)
      entries.push([HOLD.prefix + key, HOLD.encode(hold)]);
  }
  return entries;
}

function keptPage(views: readonly PartitionView[], request: PageRequest, layout: Layout): string {
  return [...writePieces(views, request, layout)].flatMap(({ bytes }) => bytes).join('');
}

const selection: fc.Arbitrary<Selection> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(WHOLE_PAGE) },
  fc.record({
    project: fc.constantFrom(null, 'main', 'ml'),
    scope: fc.constantFrom(null, ['main'], ['main', 'ml']),
    shard: fc.constantFrom(null, { index: 0, count: 3 }, { index: 2, count: 3 }),
  }),
);

test('after any changes the next page is the one that is written from the state alone', () => {
  fc.assert(
    fc.property(
      historyArbitrary(120),
      fc.array(
        fc.record({
          seed: fc.integer(),
          laterMs: fc.nat(400_000),
          isAt: fc.boolean(),
          format: fc.constantFrom<Format>('text', 'openmetrics'),
          selection,
        }),
        { minLength: 2, maxLength: 6 },
      ),
      (history, steps) => {
        const { stored, sampleTtlMs } = storedOf(history);
        const views = stored.map(() => ({ ...emptyView(), pageTimeMs: PAGE_TIME }));
        const layout = openLayout();
        for (const { seed, laterMs, isAt, ...asked } of steps) {
          const random = openRandom(seed);
          for (const [i, view] of views.entries()) {
            view.pageTimeMs += laterMs;
            for (const [key, value] of random.shuffle(stored[i] ?? [])) {
              if (random.chance(0.6)) continue;
              applyEntry(view, key, random.chance(0.3) && !key.startsWith(TOTAL.prefix) ? null : value);
            }
          }
          const atMs = isAt ? Math.max(...views.map(({ pageTimeMs }) => pageTimeMs)) : null;
          const request = { ...asked, atMs, sampleTtlMs };
          expect(keptPage(views, request, layout)).toBe([...writePage(views, request)].join(''));
        }
      },
    ),
    { numRuns: depth(40, 2000) },
  );
});

test('what did not change goes out as the same buffers', () => {
  const { stored, sampleTtlMs } = storedOf(fc.sample(historyArbitrary(200), { numRuns: 1, seed: 7 })[0]!);
  const views = stored.map((entries) => {
    const view = { ...emptyView(), pageTimeMs: PAGE_TIME };
    for (const [key, value] of entries) applyEntry(view, key, value);
    return view;
  });
  const layout = openLayout();
  const request = { format: 'text', atMs: null, sampleTtlMs, selection: WHOLE_PAGE } as const;
  const kept = (): Buffer[] =>
    [...writePieces(views, request, layout)].flatMap(({ bytes, slot }) => (slot === null ? [] : bytes));
  const first = kept();
  for (const view of views) view.pageTimeMs += 1000;
  expect(first.length).toBeGreaterThan(0);
  expect(kept().every((bytes, i) => bytes === first[i])).toBe(true);
});
