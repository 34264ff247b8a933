/** Clocks that are wrong for a while: the store's, and the log's. */
import { jobProvisioned, jobSubmitted, runSubmitted, type Told } from '../support/told';
import { until } from '../log/until';
import { PARTITIONS, openWorld, type World } from './world';

const DAY_MS = 86_400_000;
const PAGE_TIME = 'fleetmeter_page_timestamp_seconds{}';

let storeOffMs: number;
let logOffMs: number;
let world: World;

beforeEach(async () => {
  storeOffMs = 0;
  logOffMs = 0;
  world = await openWorld(() => Date.now() + logOffMs);
  world.between.clock = () => ({ kind: 'clock', nowMs: Date.now() + storeOffMs });
});
afterEach(() => world.close());

async function pageTimeMs(): Promise<number> {
  return ((await world.page())?.get(PAGE_TIME) ?? 0) * 1000;
}

/** How far page time is from the right time, at most. */
async function pageTimeIsNear(offMs: number): Promise<boolean> {
  return Math.abs((await pageTimeMs()) - (Date.now() + offMs)) < 2000;
}

function job(id: string): Told[] {
  const all = [runSubmitted('r'), jobSubmitted(id), jobProvisioned(id)];
  return all.map((each) => ({ ...each, atMs: Date.now() }));
}

async function dollarsOf(id: string): Promise<number | undefined> {
  const series = [...((await world.page()) ?? [])];
  return series.find(
    ([key]) => key.startsWith('fleetmeter_job_cost_dollars_total{') && key.includes(`"${id}"`),
  )?.[1];
}

test('a start with a clock that is set right later: page time goes back, what was shown is held, all is said', async () => {
  storeOffMs = 2 * DAY_MS;
  const first = await world.start();
  await world.send(...job('before'));
  // 3.6 dollars an hour
  await until('it is shown two days ahead', async () => ((await dollarsOf('before')) ?? 0) > 172);
  const shown = (await dollarsOf('before')) ?? 0;
  await first.close();

  storeOffMs = 0;
  const second = await world.start();
  await world.send(...job('after'));
  const returns = (): Promise<number> => world.counted('fleetmeter_process_page_time_returns_total');
  await until('page time is back in all partitions', async () => (await returns()) === PARTITIONS);
  expect(await pageTimeIsNear(0)).toBe(true);
  await until('the other one is shown', async () => (await dollarsOf('after')) !== undefined);
  expect(await dollarsOf('before')).toBeGreaterThanOrEqual(shown);
  expect(await dollarsOf('after')).toBeLessThan(0.1);
  expect(world.said.filter((line) => line.includes('has gone back to it'))).toHaveLength(PARTITIONS);
  expect(second.trouble()).toBeUndefined();
});

test('a step is not followed at once, and readiness says so', async () => {
  const aggregator = await world.start();
  await until('page time is the clock', () => pageTimeIsNear(0));
  storeOffMs = 2 * DAY_MS;
  await until('it is said', () => aggregator.trouble() !== undefined);
  expect(aggregator.trouble()).toBe(
    "the store's clock has stepped by 172800 s: it is followed when it has stood for 60 s",
  );
  await world.send(...job('j'));
  await until('facts are taken', async () => (await dollarsOf('j')) !== undefined);
  expect(await pageTimeIsNear(0)).toBe(true);
  expect(await world.counted('fleetmeter_process_store_clock_step_seconds')).toBeCloseTo(172_800, 0);
  storeOffMs = 0;
  await until('it is over', () => aggregator.trouble() === undefined);
  expect(await world.counted('fleetmeter_process_store_clock_steps_total')).toBe(1);
  expect(await world.counted('fleetmeter_process_page_time_returns_total')).toBe(0);
});

test('what begins while a step back is not followed yet waits, so that it is not charged up to the wrong time', async () => {
  storeOffMs = 2 * DAY_MS;
  const aggregator = await world.start();
  await until('page time is two days ahead', () => pageTimeIsNear(storeOffMs));
  storeOffMs = 0;
  await until('it is said', () => aggregator.trouble() !== undefined);
  await world.send(...job('j'));
  const position = (): number => Math.max(...world.applied.map(({ head }) => head.positions.lifecycle));
  const commits = world.applied.length;
  await until('there were some commits more', () => world.applied.length > commits + 2 * PARTITIONS);
  expect(position()).toBe(0);
  // The clock was right before, after all.
  storeOffMs = 2 * DAY_MS;
  await until('it is read on', () => position() > 0);
});

test("a log's clock that is far ahead moves no page time, and holds no sample back", async () => {
  logOffMs = 2 * DAY_MS;
  await world.send(...job('j'), {
    type: 'job.sampled',
    data: { run: { id: 'r' }, job: { id: 'j' }, memory_usage_bytes: 7 },
    atMs: Date.now(),
  });
  await world.start();
  await until('the sample is shown', async () =>
    [...((await world.page()) ?? [])].some(([key]) => key.startsWith('dstack_job_memory_usage_bytes{')),
  );
  const latestMs = Math.max(...world.applied.map(({ head }) => head.pageTimeMs));
  expect(latestMs).toBeLessThanOrEqual(Date.now());
});
