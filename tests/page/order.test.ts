/**
 * The order of series depends on the state alone: replicas that have it from a store in whatever order write
 * the same bytes.
 */
import fc from 'fast-check';
import { PAGE_FAMILIES } from '../../services/catalogue/families';
import { END, HOLD, SAMPLE, SOURCE, TOTAL, applyEntry, type EntryKind } from '../../services/view/entries';
import type { Hold } from '../../services/view/hold';
import { emptyView, type PartitionView } from '../../services/view/view';
import { encodeEntity } from '../../services/fold/state';
import { pageOf } from '../support/folded';
import { historyArbitrary, linesOf, makeHistory, type History } from '../support/history';
import { openRandom } from '../support/history-random';
import { foldInSteps } from '../support/stepped-fold';
import { depth } from '../support/depth';

/** A view as the entries of a store that make it. */
function entriesOf(view: PartitionView): [string, string][] {
  const entries: [string, string][] = [...view.entities].map(([key, entity]) => [key, encodeEntity(entity)]);
  const add = <V>({ prefix, encode }: EntryKind<V>, key: string, value: V): void =>
    void entries.push([prefix + key, encode(value)]);
  for (const [key, end] of view.ends) add(END, key, end);
  for (const [key, sample] of view.samples) add(SAMPLE, key, sample);
  for (const [key, timeMs] of view.sources) add(SOURCE, key, timeMs);
  for (const [key, { absorbed }] of view.tally.series) if (absorbed !== null) add(TOTAL, key, absorbed);
  for (const [key, hold] of view.holds) add(HOLD, key, hold);
  return entries;
}

/** Holds some of what a view shows a little above its ledger. */
function holdSome(view: PartitionView): void {
  let index = 0;
  for (const [key, { family, labels }] of view.tally.series) {
    if (family.type !== 'counter' || index++ % 3 !== 0) continue;
    const hold: Hold = { family: family.name, labels, shown: [10n ** 12n] };
    view.holds.set(key, hold);
  }
}

function stepped(history: History): { views: readonly PartitionView[]; sampleTtlMs: number } {
  const { seed, settings } = history;
  const pageTimes = new Array<number>(settings.partitions).fill(Date.UTC(2026, 10, 24, 9));
  const { views, sampleTtlMs } = foldInSteps(linesOf(history), {
    seed,
    settings,
    pageTimes,
    settleChance: 0.2,
    handOverChance: 0,
  });
  for (const view of views) holdSome(view);
  return { views, sampleTtlMs };
}

/**
 * Another replica's view: the same entries in another order, some of them by way of what they were before.
 */
function copyOf(view: PartitionView, seed: number): PartitionView {
  const random = openRandom(seed);
  const copy = { ...emptyView(), pageTimeMs: view.pageTimeMs };
  const entries = random.shuffle(entriesOf(view));
  for (const [key, value] of entries) {
    if (!random.chance(0.3) || key.startsWith(TOTAL.prefix)) continue;
    applyEntry(copy, key, value);
    applyEntry(copy, key, random.chance(0.5) ? null : value);
  }
  for (const [key, value] of entries) applyEntry(copy, key, value);
  return copy;
}

test('views of the same entries write the same page, whatever order they came in and the partitions stand in', () => {
  fc.assert(
    fc.property(historyArbitrary(150), fc.integer(), (history, seed) => {
      const { views, sampleTtlMs } = stepped(history);
      const copies = views.map((view, index) => copyOf(view, seed + index));
      for (const atMs of [null, Date.UTC(2026, 10, 24, 12)]) {
        const page = pageOf({ views, sampleTtlMs, atMs });
        expect(pageOf({ views: copies, sampleTtlMs, atMs })).toBe(page);
        expect(pageOf({ views: copies.toReversed(), sampleTtlMs, atMs })).toBe(page);
      }
    }),
    { numRuns: depth(20, 300) },
  );
});

test('an entry of no known kind is no state of ours; a family that is gone is left out, and the fold says so', () => {
  const view = emptyView();
  expect(() => applyEntry(view, 'z:1', '1')).toThrow('unknown kind: z:1');
  applyEntry(view, 't:no_such_total ["a"]', '1');
  expect(view.tally.series.size).toBe(0);
});

test('families of ours are in the order of the catalogue, those of exporters come after them', () => {
  const ours = PAGE_FAMILIES.map(({ name }) => name);
  const seen = new Set<string>();
  for (let seed = 1; seed <= 30; seed++) {
    const page = pageOf({ ...stepped(makeHistory(seed, 200)), atMs: null });
    const names = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? '');
    const placed = names.filter((name) => ours.includes(name));
    expect(names.slice(0, placed.length)).toEqual(ours.filter((name) => placed.includes(name)));
    for (const name of placed) seen.add(name);
  }
  expect(seen.size).toBeGreaterThan(ours.length / 2);
});
