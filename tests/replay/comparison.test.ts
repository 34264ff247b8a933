import { SUM_FAMILIES } from '../../services/catalogue/families';
import { putTotal, seriesKey } from '../../services/catalogue/tally';
import { emptyView, type PartitionView } from '../../services/view/view';
import { compareViews } from '../../services/replay/comparison';

const COST = 'fleetmeter_usage_cost_dollars_total';
const DURATION = 'fleetmeter_run_duration_seconds';
const COST_LABELS = ['p', 'u', 'aws', 'H100', 'task'];
const DURATION_LABELS = ['p', 'task'];
const COST_KEY = seriesKey(COST, COST_LABELS);

function view(total: bigint | null, held?: bigint): PartitionView {
  const one = emptyView();
  const family = SUM_FAMILIES.get(COST)!;
  if (total !== null) putTotal(one.tally, family, COST_LABELS, [total]);
  if (held !== undefined) one.holds.set(COST_KEY, { family: COST, labels: COST_LABELS, shown: [held] });
  return one;
}

/** Counts of the first two buckets, and the sum of what was observed. */
function histogram(first: bigint, second: bigint, sumMs: bigint): PartitionView {
  const one = emptyView();
  const family = SUM_FAMILIES.get(DURATION)!;
  const others = new Array<bigint>(family.bounds!.length - 1).fill(0n);
  putTotal(one.tally, family, DURATION_LABELS, [first, second, ...others, sumMs]);
  return one;
}

/** The units held by partition; null: nothing is. */
function wanted(before: PartitionView[], after: PartitionView[], key = COST_KEY): (bigint[] | null)[] {
  return compareViews(before, after).wanted.map((series) => {
    const hold = series.get(key);
    return hold === undefined ? null : [...hold.shown];
  });
}

function changesOf(before: PartitionView[], after: PartitionView[]) {
  return compareViews(before, after).changes;
}

test('a sum that is as high as before, or higher, is not held, wherever its parts have gone', () => {
  expect(wanted([view(10n), view(5n)], [view(10n), view(5n)])).toEqual([null, null]);
  expect(wanted([view(10n), view(5n)], [view(2n), view(13n)])).toEqual([null, null]);
  expect(wanted([view(10n), view(5n)], [view(2n), view(14n)])).toEqual([null, null]);
});

test('what a sum lacks is held where it lacks, and no more than that', () => {
  expect(wanted([view(10n), view(5n)], [view(4n), view(9n)])).toEqual([[6n], null]);
  expect(wanted([view(10n), view(5n)], [view(4n), view(5n)])).toEqual([[10n], null]);
  expect(wanted([view(10n), view(5n)], [view(8n), view(1n)])).toEqual([[10n], [5n]]);
  expect(wanted([view(10n), view(5n), view(7n)], [view(8n), view(1n), view(12n)])).toEqual([
    [9n],
    null,
    null,
  ]);
});

test('what was held already is held on', () => {
  expect(wanted([view(10n, 12n), view(5n)], [view(10n), view(5n)])).toEqual([[12n], null]);
  expect(wanted([view(10n, 12n), view(5n)], [view(10n), view(6n)])).toEqual([[11n], null]);
});

test('a series that is nowhere any more, or was hidden, is held for when it returns', () => {
  expect(wanted([view(10n), view(null)], [view(null), view(null)])).toEqual([[10n], null]);
  expect(wanted([view(null, 12n), view(5n)], [view(null), view(5n)])).toEqual([[12n], null]);
});

test('the buckets of a histogram stay in order', () => {
  const key = seriesKey(DURATION, DURATION_LABELS);
  const before = [histogram(3n, 1n, 700n), histogram(1n, 0n, 30n)];
  expect(wanted(before, [histogram(3n, 1n, 700n), histogram(2n, 0n, 60n)], key)).toEqual([null, null]);
  const [first, second] = wanted(before, [histogram(1n, 3n, 900n), histogram(1n, 0n, 30n)], key);
  expect(first!.slice(0, 3)).toEqual([3n, 4n, 4n]);
  expect(second).toBeNull();
});

test('changes are of the sums of the ledgers, the largest first, with what is shown', () => {
  expect(changesOf([view(10n, 12n), view(5n)], [view(4n), view(9n)])).toEqual([
    { series: expect.stringContaining(`${COST}{`) as string, shown: 1.7e-8, before: 1.5e-8, after: 1.3e-8 },
  ]);
  expect(changesOf([view(10n, 12n), view(5n)], [view(6n), view(9n)])).toEqual([]);
  const lines = changesOf([histogram(3n, 1n, 2000n)], [histogram(1n, 3n, 7000n)]);
  expect(
    lines.map(({ series, before, after }) => [series.replace(/\{.*?(le="[^"]*")?\}/, ' $1'), before, after]),
  ).toEqual([
    [`${DURATION}_sum `, 2, 7],
    [`${DURATION}_bucket le="60.0"`, 3, 1],
  ]);
});
