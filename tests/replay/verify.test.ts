import { emptyEntity } from '../../services/fold/entity';
import { emptyView, type PartitionView } from '../../services/view/view';
import { differencesOf } from '../../services/replay/difference';
import { ENTITY, SETTLED } from '../../services/view/entries';
import { verify, type Verified, type VerifyOptions } from '../../services/replay/verify';
import { DEFAULT_SETTINGS } from '../support/history';
import { readPage } from '../support/page-series';
import { openWitness } from '../partition/pages';
import { EPOCH_MS, fleet, jobEnd, jobLife, linesOf } from './fleet';
import { openReplayWorld, type ReplayWorld } from './world';

jest.setTimeout(60_000);

const SETTINGS = { ...DEFAULT_SETTINGS, partitions: 2, latenessMs: 60_000 };
const USAGE = 'fleetmeter_usage_cost_dollars_total';

let world: ReplayWorld;

beforeEach(async () => {
  world = await openReplayWorld(SETTINGS);
});

afterEach(() => world.close());

function verified(options: Partial<VerifyOptions> = {}): Promise<Verified> {
  const { log, store, settings } = world;
  const told = { onTotal: () => undefined, onFolded: () => undefined };
  return verify({ log, store, settings, project: null, sample: null, ...told, ...options });
}

/** A fleet of which some jobs have settled into the totals. */
async function fleetLives(): Promise<void> {
  world.nowMs = EPOCH_MS + 60_000;
  await world.append(fleet(12));
  await world.live();
  world.nowMs = EPOCH_MS + 800_000;
  await world.append(linesOf([...jobLife('late', 795), ...jobLife('other', 790, undefined, 'q')]));
  await world.live();
}

/** An entry of the store and where it is. */
async function findEntry(
  isIt: (key: string, value: string) => boolean,
): Promise<{ partition: number; key: string; value: string }> {
  for (let partition = 0; partition < SETTINGS.partitions; partition++) {
    for await (const entries of world.store.load(partition, 'shown')) {
      const found = entries.find(({ key, value }) => isIt(key, value));
      if (found !== undefined) return { partition, ...found };
    }
  }
  throw new Error('no such entry');
}

function isJob1(key: string, value: string): boolean {
  return key.startsWith(ENTITY.prefix) && value.includes('"kind":"job","id":"job-1"');
}

async function usageCost(): Promise<number> {
  const page = readPage(await world.page());
  return [...page].filter(([key]) => key.startsWith(USAGE)).reduce((sum, [, value]) => sum + value, 0);
}

test('a store that has what the log gives has no differences, while it is held and after', async () => {
  await fleetLives();
  expect(await verified()).toEqual({
    differences: [],
    entities: expect.any(Number) as number,
    events: new Map(),
  });
  await world.append(linesOf([jobEnd('job-1', 100)]));
  await world.live();
  expect(await world.page()).toContain('fleetmeter_held{');
  const { differences, entities } = await verified();
  expect(differences).toEqual([]);
  expect(entities).toBeGreaterThan(20);
});

test('a price planted in the store is found, with the records that made the entity, and mended by a replay', async () => {
  await fleetLives();
  const truth = await world.page();
  const { partition, key, value } = await findEntry(isJob1);
  const planted = value.replaceAll('3600000000000', '7200000000000');
  expect(planted).not.toBe(value);
  await world.plant(partition, [{ space: 'shown', key, value: planted }]);
  const witness = openWitness();
  witness.fallenOn(await world.page());
  const wrong = await usageCost();

  const { differences, events } = await verified();
  expect(differences.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^job run-job-1\/job-1 fleetmeter_job_cost_dollars_total\{/) as string,
    ]),
  );
  const cost = differences.find(({ what }) => what.includes('fleetmeter_job_cost_dollars_total'));
  expect(cost).toMatchObject({ partition, stored: '1596', recomputed: '798' });
  expect([...events.values()].flat().map(({ type }) => type)).toEqual([
    'fleetmeter.job.submitted.v1',
    'fleetmeter.job.provisioned.v1',
    'fleetmeter.job.status_changed.v1',
  ]);

  const { changes, held } = await world.replay();
  expect(changes).toContainEqual({
    series: expect.stringContaining('fleetmeter_job_cost_dollars_total') as string,
    shown: 1596,
    before: 1596,
    after: 798,
  });
  expect(held).toBeGreaterThan(0);
  expect(witness.fallenOn(await world.page())).toEqual([]);
  expect(await usageCost()).toBe(wrong);
  expect((await verified()).differences).toEqual([]);
  // Held until the ledger has caught up, and no longer.
  world.forget();
  world.nowMs += 10_000_000;
  await world.live();
  expect(witness.fallenOn(await world.page())).toEqual([]);
  expect(await world.page()).not.toContain('fleetmeter_held{');
  expect((await verified()).differences).toEqual([]);
  expect(truth).not.toContain('fleetmeter_held{');
});

test('--allow-decrease shows the ledger at once', async () => {
  await fleetLives();
  const truth = await world.page();
  const { partition, key, value } = await findEntry(isJob1);
  await world.plant(partition, [
    { space: 'shown', key, value: value.replaceAll('3600000000000', '7200000000000') },
  ]);
  const { changes, held } = await world.replay({ allowDecrease: true });
  expect(changes.length).toBeGreaterThan(0);
  expect(held).toBe(0);
  expect(await world.page()).toBe(truth);
});

test.each([
  [
    'a total',
    (key: string) => key.startsWith('t:fleetmeter_usage_cost'),
    (value: string) => `${value}0`,
    /^settled in fleetmeter_usage_cost/,
  ],
  [
    'a total that is gone',
    (key: string) => key.startsWith('t:fleetmeter_usage_gpu'),
    () => null,
    /^settled in fleetmeter_usage_gpu/,
  ],
  [
    'an entity that is gone',
    (key: string) => key.startsWith(ENTITY.prefix) && key.includes('run-job-2'),
    () => null,
    /run-job-2/,
  ],
  [
    'a sample',
    (key: string) => key.startsWith('s:') && key.includes('late'),
    (value: string) => value.replace('795', '7950'),
    /^sample /,
  ],
  ['a source', (key: string) => key.startsWith('o:'), () => '5', /^source \/told: newest event/],
  [
    'when it was last heard of',
    isJob1,
    (value: string) => value.replace(/"l":\d+/, '"l":5'),
    /log time of the last record/,
  ],
])('%s that is wrong in the store is found', async (_, isIt, change, expected) => {
  await fleetLives();
  const { partition, key, value } = await findEntry(isIt);
  expect(change(value)).not.toBe(value);
  await world.plant(partition, [{ space: 'shown', key, value: change(value) }]);
  const { differences } = await verified();
  expect(differences.map(({ what }) => what)).toContainEqual(expect.stringMatching(expected));
  await world.replay();
  expect((await verified()).differences).toEqual([]);
});

/** The ids that settled entities have left in the store. */
async function leftBehind(): Promise<{ partition: number; key: string; value: string }[]> {
  const found = [];
  for (let partition = 0; partition < SETTINGS.partitions; partition++)
    for await (const entries of world.store.load(partition, 'kept'))
      found.push(...entries.map((entry) => ({ partition, ...entry })));
  return found;
}

test.each([
  ['is gone', () => null],
  ['is wrong', (value: string) => value.replace(/"newestSeenMs":\d+/, '"newestSeenMs":5')],
])('an id left behind that %s is found', async (_, change) => {
  await fleetLives();
  const [left] = await leftBehind();
  const { partition, key, value } = left!;
  await world.plant(partition, [{ space: 'kept', key, value: change(value) }]);
  const { differences, events } = await verified();
  expect(differences).toEqual([
    {
      partition,
      entity: key,
      what: `the id that ${key} has left behind`,
      stored: change(value) ?? '-',
      recomputed: value,
    },
  ]);
  expect([...events.keys()]).toEqual([key]);
  expect((await verified({ sample: 10_000 })).differences).toEqual([]);
  await world.replay();
  expect((await verified()).differences).toEqual([]);
});

test('entities that settle while the store is read are no differences', async () => {
  await fleetLives();
  const before = (await leftBehind()).length;
  let isMoved = false;
  const load: typeof world.store.load = async function* (partition, space, generation) {
    if (space === 'kept' && !isMoved) {
      isMoved = true;
      await world.append(linesOf([jobEnd('job-1', 810), jobEnd('job-2', 811)]));
      world.nowMs = EPOCH_MS + 900_000;
      for (const n of [0, 1, 2, 3]) await world.append(linesOf(jobLife(`later-${n}`, 890)));
      await world.live();
    }
    yield* world.store.load(partition, space, generation);
  };
  expect((await verified({ store: { ...world.store, load } })).differences).toEqual([]);
  expect((await leftBehind()).length).toBeGreaterThan(before);
  expect((await verified()).differences).toEqual([]);
});

test('a hold that the ledger is past is found', async () => {
  await fleetLives();
  await world.append(linesOf([jobEnd('job-1', 100)]));
  await world.live();
  const { partition, key, value } = await findEntry((entry) => entry.startsWith('h:fleetmeter_usage_cost'));
  await world.plant(partition, [
    { space: 'shown', key, value: value.replace(/"shown":\["\d+"\]/, '"shown":["5"]') },
  ]);
  expect((await verified()).differences).toMatchObject([
    { partition, what: expect.stringMatching(/^held of /) as string },
  ]);
});

test('of one project, or a sample, no more is compared', async () => {
  await fleetLives();
  const { partition, key, value } = await findEntry(isJob1);
  await world.plant(partition, [
    { space: 'shown', key, value: value.replaceAll('3600000000000', '7200000000000') },
  ]);
  expect((await verified({ project: 'q' })).differences).toEqual([]);
  expect((await verified({ project: 'p' })).differences).not.toEqual([]);
  expect(await verified({ sample: 3 })).toMatchObject({ entities: 3 });
  expect((await verified({ sample: 10_000 })).differences).not.toEqual([]);
});

test('a store that was folded with other settings is not compared', async () => {
  await fleetLives();
  const settings = { ...world.settings, latenessMs: 1000 };
  await expect(verified({ settings })).rejects.toThrow(
    "the state can't be compared: it was folded with FLEETMETER_LATENESS_SECONDS=60",
  );
});

test('of two that settle at once, either may have been the first', () => {
  const viewOf = (runs: readonly string[]): PartitionView => {
    const view = emptyView();
    for (const [number, id] of runs.entries())
      view.entities.set(`${SETTLED.prefix}${number}`, emptyEntity({ kind: 'run', id }, id.length, 0));
    return view;
  };
  const all = { project: null, entities: null };
  expect(differencesOf(0, viewOf(['a', 'bc']), viewOf(['bc', 'a']), all)).toEqual([]);
  expect(differencesOf(0, viewOf(['a', 'bc']), viewOf(['bc']), all)).not.toEqual([]);
});
