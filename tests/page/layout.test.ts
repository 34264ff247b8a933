/** What is kept from page to page: the next page is the one that would be written without it. */
import fc from 'fast-check';
import { entityKey } from '../../services/fold/fact';
import type { Format } from '../../services/page/format';
import { openLayout, type Layout } from '../../services/page/layout';
import { writePage, writePieces } from '../../services/page/page';
import type { PageRequest } from '../../services/page/request';
import { WHOLE_PAGE, type Selection } from '../../services/page/selection';
import { END, ENTITY, TOTAL, applyEntry } from '../../services/view/entries';
import { emptyView, type PartitionView } from '../../services/view/view';
import { CROWD_TTL_MS, openCrowd } from '../support/crowd';
import { depth } from '../support/depth';
import { historyArbitrary, linesOf, type History } from '../support/history';
import { openRandom } from '../support/history-random';
import { foldInSteps } from '../support/stepped-fold';
import { entriesOf, type Entry } from './stored';

const PAGE_TIME = Date.UTC(2026, 10, 24, 9);

/** All that the partitions have, as a store has it, with some of it held. */
function storedOf(history: History): { stored: Entry[][]; sampleTtlMs: number } {
  const { seed, settings } = history;
  const pageTimes = new Array<number>(settings.partitions).fill(PAGE_TIME);
  const stepping = { seed, settings, pageTimes, settleChance: 0.2, handOverChance: 0 };
  const { views, sampleTtlMs } = foldInSteps(linesOf(history), stepping);
  return { stored: views.map(entriesOf), sampleTtlMs };
}

function keptPage(views: readonly PartitionView[], request: PageRequest, layout: Layout): string {
  return [...writePieces(views, request, layout)].map(({ bytes }) => bytes).join('');
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
    { numRuns: depth(25, 2000) },
  );
});

test('of a crowded fleet too, where most changes touch what others are in', () => {
  const step = fc.record({ count: fc.integer({ min: 0, max: 30 }), laterMs: fc.nat(200_000) });
  const steps = fc.array(step, { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.integer(),
      steps,
      fc.array(selection, { minLength: 1, maxLength: 3 }),
      (seed, all, asked) => {
        const crowd = openCrowd(seed);
        crowd.change(150, 60_000);
        const layout = openLayout();
        for (const { count, laterMs } of all) {
          for (const one of asked) {
            for (const atMs of [null, crowd.views[0]!.pageTimeMs + 5000]) {
              const request = { format: 'text', atMs, sampleTtlMs: CROWD_TTL_MS, selection: one } as const;
              expect(keptPage(crowd.views, request, layout)).toBe(
                [...writePage(crowd.views, request)].join(''),
              );
            }
          }
          crowd.change(count, laterMs);
        }
      },
    ),
    { numRuns: depth(10, 2000) },
  );
});

test('what grows is as of the page time of its own partition, whatever partitions lie in a bucket', () => {
  const { views, change } = openCrowd(5);
  change(400, 60_000);
  const request = { format: 'text', atMs: null, sampleTtlMs: CROWD_TTL_MS, selection: WHOLE_PAGE } as const;
  const durations = (of: readonly PartitionView[]): string[] =>
    [...writePage(of, request)]
      .join('')
      .split('\n')
      .filter((line) => /^dstack_(job|instance)_duration/.test(line));
  expect(new Set(views.map(({ pageTimeMs }) => pageTimeMs)).size).toBe(views.length);
  expect(durations(views).sort()).toEqual(views.flatMap((view) => durations([view])).sort());
});

test('a job is an orphan as soon as it is known that its run has ended', () => {
  const crowd = openCrowd(11);
  crowd.change(400, 60_000);
  const layout = openLayout();
  const request = { format: 'text', atMs: null, sampleTtlMs: CROWD_TTL_MS, selection: WHOLE_PAGE } as const;
  const orphans = (): string[] =>
    keptPage(crowd.views, request, layout)
      .split('\n')
      .filter((line) => line.startsWith('fleetmeter_orphaned_jobs'));
  const before = orphans();
  for (const view of crowd.views) {
    const runs = [...view.entities.values()].flatMap(({ id }) =>
      id.kind === 'job' ? (id.within ?? []) : [],
    );
    for (const id of new Set(runs)) {
      applyEntry(view, ENTITY.prefix + entityKey({ kind: 'run', id }), null);
      keptPage(crowd.views, request, layout);
      const end = { timeMs: PAGE_TIME - 3_600_000, project: null, number: 0 };
      applyEntry(view, END.prefix + entityKey({ kind: 'run', id }), END.encode(end));
    }
  }
  const after = orphans();
  expect(after).not.toEqual(before);
  expect(after.join('\n')).toBe(
    [...writePage(crowd.views, request)]
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('fleetmeter_orphaned_jobs'))
      .join('\n'),
  );
});

test('shards are the whole page, line by line', () => {
  const { views, change } = openCrowd(3);
  change(400, 60_000);
  const layout = openLayout();
  const linesAt = (shard: Selection['shard']): string[] => {
    const request = { format: 'text', atMs: null, sampleTtlMs: CROWD_TTL_MS } as const;
    return keptPage(views, { ...request, selection: { ...WHOLE_PAGE, shard } }, layout)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  };
  const whole = linesAt(null);
  expect(whole.length).toBeGreaterThan(200);
  for (const count of [1, 3, 16, 100]) {
    const shards = Array.from({ length: count }, (_, index) => linesAt({ index, count }));
    expect(shards.flat().sort()).toEqual(whole.toSorted());
  }
});

describe('what did not change', () => {
  const request = { format: 'text', atMs: null, sampleTtlMs: CROWD_TTL_MS, selection: WHOLE_PAGE } as const;

  function crowdedViews(): readonly PartitionView[] {
    const crowd = openCrowd(7);
    crowd.change(400, 60_000);
    return crowd.views;
  }

  function keptMemory(
    views: readonly PartitionView[],
    layout: Layout,
    asked: PageRequest = request,
  ): string[] {
    const kept = [...writePieces(views, asked, layout)].filter(({ slot }) => slot !== null);
    return kept.map(({ bytes }) => `${memoryId(bytes.buffer)} ${bytes.byteOffset} ${bytes.length}`);
  }

  /** Memories distinguished, as long as they live. */
  const memories: ArrayBufferLike[] = [];
  function memoryId(memory: ArrayBufferLike): number {
    if (!memories.includes(memory)) memories.push(memory);
    return memories.indexOf(memory);
  }

  test('goes out as it lies in memory', () => {
    const views = crowdedViews();
    const layout = openLayout();
    const first = keptMemory(views, layout);
    for (const view of views) view.pageTimeMs += 1000;
    expect(first.length).toBeGreaterThan(5);
    expect(keptMemory(views, layout)).toEqual(first);
  });

  test('a shard goes out of the memory of the whole page', () => {
    const views = crowdedViews();
    const layout = openLayout();
    const whole = new Set(keptMemory(views, layout).map((place) => place.split(' ')[0]));
    const shards = [0, 1, 2].flatMap((index) =>
      keptMemory(views, layout, { ...request, selection: { ...WHOLE_PAGE, shard: { index, count: 3 } } }),
    );
    expect(shards.length).toBeGreaterThan(5);
    expect(shards.filter((place) => !whole.has(place.split(' ')[0]))).toEqual([]);
  });
});
