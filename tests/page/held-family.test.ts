/**
 * What holds do to a page: a counter that was shown higher than the ledger has it stands still, until the
 * ledger is past it.
 */
import { encodeEvent } from '../../events/codec';
import { seriesKey } from '../../services/catalogue/tally';
import { ENTITY } from '../../services/view/entries';
import { decodeHold, encodeHold, type Hold } from '../../services/view/hold';
import { type PartitionView } from '../../services/view/view';
import { type Selection, WHOLE_PAGE } from '../../services/page/selection';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';
import { readPage } from '../support/page-series';
import { instanceStarted, runSubmitted, tell, type Told } from '../support/told';

const T0 = Date.UTC(2026, 10, 24, 8);
const price = (dollars: number) => ({ price: { dollars_per_hour: dollars } });

/** One instance for an hour at 3.6 dollars, and a run that waited for 20 s. */
function viewOf(more: readonly Told[] = []): PartitionView {
  const told: Told[] = [
    { ...instanceStarted('i', price(3.6)), atMs: T0 },
    { ...runSubmitted('r'), atMs: T0 },
    { type: 'run.status_changed', data: { run: { id: 'r' }, status: 'provisioning' }, atMs: T0 + 20_000 },
    ...more,
  ];
  const lines = told.map((each) => encodeEvent(tell(each)));
  const [view] = foldLines(lines, { ...DEFAULT_SETTINGS, partitions: 1 }).views;
  if (view === undefined) throw new Error('no partition');
  view.pageTimeMs = T0 + 3_600_000;
  return view;
}

const FLEET = ['p', '', '', '', ''];
const INSTANCE = ['p', '', '', 'name of i', 'i', '', '', ''];
const FLEET_COST = 'fleetmeter_fleet_cost_dollars_total';
const INSTANCE_COST = 'fleetmeter_instance_cost_dollars_total';
const QUEUE = 'dstack_submit_to_provision_duration_seconds';

function hold(view: PartitionView, of: Hold): void {
  view.holds.set(seriesKey(of.family, of.labels), of);
}

/** By the beginning of their keys. */
function figures(
  views: readonly PartitionView[],
  atMs: number | null = null,
  selection: Selection = WHOLE_PAGE,
) {
  const series = readPage(pageOf({ views, sampleTtlMs: 600_000, atMs }, 'text', selection));
  return (begin: string): number[] =>
    [...series].filter(([key]) => key.startsWith(begin)).map(([, value]) => value);
}

test('without a hold the ledger is shown, and no fleetmeter_held', () => {
  const shown = figures([viewOf()]);
  expect([shown(FLEET_COST), shown(INSTANCE_COST), shown('fleetmeter_held')]).toEqual([[3.6], [3.6], []]);
});

test('a sum is shown as held, and how far that is above the ledger', () => {
  const view = viewOf();
  hold(view, { family: FLEET_COST, labels: FLEET, shown: [4_100_000_000n] });
  const shown = figures([view]);
  expect([shown(FLEET_COST), shown(INSTANCE_COST)]).toEqual([[4.1], [3.6]]);
  expect(shown('fleetmeter_held{')).toEqual([0.5]);
  expect(shown(`fleetmeter_held{family="${FLEET_COST}"`)).toEqual([0.5]);
});

test('an own series too', () => {
  const view = viewOf();
  hold(view, {
    family: INSTANCE_COST,
    labels: INSTANCE,
    entity: `${ENTITY.prefix}instance:i`,
    shown: [4_000_000_000n],
  });
  const shown = figures([view]);
  expect([shown(FLEET_COST), shown(INSTANCE_COST)]).toEqual([[3.6], [4]]);
  expect(shown(`fleetmeter_held{family="${INSTANCE_COST}"`)).toEqual([0.4]);
});

test('a hold that the ledger is past shows nowhere', () => {
  const view = viewOf();
  hold(view, { family: FLEET_COST, labels: FLEET, shown: [3_500_000_000n] });
  hold(view, { family: INSTANCE_COST, labels: INSTANCE, entity: `${ENTITY.prefix}instance:i`, shown: [1n] });
  const shown = figures([view]);
  expect([shown(FLEET_COST), shown(INSTANCE_COST), shown('fleetmeter_held')]).toEqual([[3.6], [3.6], []]);
});

test('as of a moment nothing is held', () => {
  const view = viewOf();
  hold(view, { family: FLEET_COST, labels: FLEET, shown: [9_000_000_000n] });
  hold(view, {
    family: INSTANCE_COST,
    labels: INSTANCE,
    entity: `${ENTITY.prefix}instance:i`,
    shown: [9_000_000_000n],
  });
  const shown = figures([view], T0 + 7_200_000);
  expect([shown(FLEET_COST), shown(INSTANCE_COST), shown('fleetmeter_held')]).toEqual([[7.2], [7.2], []]);
});

test('each figure of a histogram is held by itself', () => {
  const view = viewOf();
  // What was shown before: one that waited for 10 s, and one for 50 s.
  const shown = [1n, 1n, 1n, ...new Array<bigint>(15).fill(2n), 60_000n];
  hold(view, { family: QUEUE, labels: ['p', 'task'], shown });
  const of = figures([view]);
  expect(of(`${QUEUE}_bucket`)).toEqual([1, 1, 1, ...new Array<number>(15).fill(2)]);
  expect([of(`${QUEUE}_sum`), of(`${QUEUE}_count`)]).toEqual([[60], [2]]);
  // The ledger has one of 20 s: 0, 1, 1, and so on.
  expect(of(`fleetmeter_held{family="${QUEUE}_bucket"`)).toEqual([1 + 15]);
  expect(of(`fleetmeter_held{family="${QUEUE}_count"`)).toEqual([1]);
  expect(of(`fleetmeter_held{family="${QUEUE}_sum"`)).toEqual([40]);
});

test('partitions are held apart, so that a sum of parts can’t fall either', () => {
  const views = [viewOf(), viewOf()];
  if (views[0] !== undefined) hold(views[0], { family: FLEET_COST, labels: FLEET, shown: [4_000_000_000n] });
  expect(figures(views)(FLEET_COST)).toEqual([7.6]);
});

test('what a partition held of a series that it has no more counts while others show it', () => {
  const views = [viewOf(), viewOf()];
  const gone = ['gone', '', '', '', ''];
  if (views[0] !== undefined) hold(views[0], { family: FLEET_COST, labels: gone, shown: [1_000_000_000n] });
  expect(figures(views)(`${FLEET_COST}{dstack_project_name="gone"`)).toEqual([]);
  expect(figures(views)('fleetmeter_held')).toEqual([]);
  const other = viewOf([
    { type: 'instance.started', data: { project: 'gone', instance: { id: 'g', name: '' } }, atMs: T0 },
  ]);
  const shown = figures([...views, other]);
  expect(shown(`${FLEET_COST}{dstack_project_name="gone"`)).toEqual([1]);
  expect(shown('fleetmeter_held{')).toEqual([1]);
});

test('fleetmeter_held of a project is what its own series are held', () => {
  const view = viewOf();
  hold(view, { family: FLEET_COST, labels: FLEET, shown: [4_100_000_000n] });
  const held = (project: string) =>
    figures([view], null, { project, scope: null, shard: null })('fleetmeter_held{');
  expect([held('p'), held('q')]).toEqual([[0.5], []]);
});

test('holds come back from a store as they were', () => {
  const sum: Hold = { family: FLEET_COST, labels: ['"', '\ud800'], shown: [2n ** 80n, 0n] };
  const own: Hold = { ...sum, entity: 'e:instance:i' };
  for (const one of [sum, own]) expect(decodeHold(encodeHold(one))).toEqual(one);
});
