import { decodeFoldHead } from '../../services/view/fold-head';
import { dryRun } from '../../services/replay/dry-run';
import { ReplayStopped } from '../../services/replay/stopped';
import { openWitness } from '../partition/pages';
import { DEFAULT_SETTINGS } from '../support/history';
import { EPOCH_MS, fleet, jobEnd, jobLife, linesOf } from './fleet';
import { openReplayWorld, type ReplayWorld } from './world';

jest.setTimeout(60_000);

const SETTINGS = { ...DEFAULT_SETTINGS, partitions: 2, latenessMs: 60_000 };

let world: ReplayWorld;

beforeEach(async () => {
  world = await openReplayWorld(SETTINGS);
  world.nowMs = EPOCH_MS + 60_000;
  await world.append(fleet(8));
  await world.live();
});

afterEach(() => world.close());

async function names(): Promise<unknown> {
  return world.store.generations.names();
}

async function offsetsOf(topic: 'lifecycle' | 'telemetry' | 'dead-letter'): Promise<number[]> {
  const bounds = await world.log.bounds(topic);
  return bounds.kind === 'bounds' ? bounds.partitions.map(({ end }) => end) : [];
}

test('a replay writes nothing to the log, and never reads past the running generation', async () => {
  await world.append(['no event', ...linesOf(jobLife('strayed', 10))], { topic: 'lifecycle', partition: 1 });
  await world.live();
  const ends = [await offsetsOf('lifecycle'), await offsetsOf('telemetry'), await offsetsOf('dead-letter')];
  // Not folded by anybody yet.
  await world.append(linesOf(jobLife('new', 59)));
  const before = await world.page();
  const more = [await offsetsOf('lifecycle'), await offsetsOf('telemetry'), await offsetsOf('dead-letter')];
  await world.replay();
  expect(await world.page()).toBe(before);
  expect(more).not.toEqual(ends);
  expect([
    await offsetsOf('lifecycle'),
    await offsetsOf('telemetry'),
    await offsetsOf('dead-letter'),
  ]).toEqual(more);
  world.forget();
  await world.live();
  expect(await world.page()).toContain('name of new');
});

test('the old generation is kept for a rollback, the one before it is dropped', async () => {
  await world.replay();
  expect(await names()).toMatchObject({ current: '2', previous: '1', building: null });
  world.forget();
  await world.live();
  await world.replay();
  expect(await names()).toMatchObject({ current: '3', previous: '2' });
  expect(await world.store.generations.standings('1')).toMatchObject({
    partitions: [{ head: null }, { head: null }],
  });
});

test('a rollback folds the old generation on and holds what was shown meanwhile', async () => {
  const witness = openWitness();
  await world.replay();
  world.forget();
  world.nowMs += 30_000;
  await world.append(linesOf(jobLife('later', 70)));
  await world.live();
  const shown = await world.page();
  witness.fallenOn(shown);
  expect(await world.replay({ rollback: true })).toMatchObject({ from: '2', to: '1', changes: [] });
  expect(await world.page()).toBe(shown);
  expect(await names()).toMatchObject({ current: '1', previous: '2' });
  world.forget();
  world.nowMs += 1000;
  await world.live();
  expect(witness.fallenOn(await world.page())).toEqual([]);
});

test('there must be something to go back to', async () => {
  const going = world.replay({ rollback: true });
  await expect(going).rejects.toThrow(ReplayStopped);
  await expect(going).rejects.toThrow('there is no generation to go back to');
});

test('other settings make another generation, and nothing that was shown falls by it', async () => {
  const witness = openWitness();
  // Later than the new lateness allows, so that what it took back is there again.
  world.nowMs = EPOCH_MS + 100_000;
  await world.append(linesOf([jobEnd('job-1', 99)]));
  await world.append(linesOf([jobEnd('job-1', 45)]));
  await world.live();
  witness.fallenOn(await world.page());
  const settings = { ...world.settings, latenessMs: 10_000 };
  const { changes } = await world.replay({ settings });
  expect(changes.map(({ series }) => series)).toContainEqual(
    expect.stringContaining('fleetmeter_usage_cost_dollars_total{dstack_project_name="p"') as string,
  );
  expect(witness.fallenOn(await world.page())).toEqual([]);
  const standings = await world.store.generations.standings('2');
  if (standings.kind !== 'standings') throw new Error(standings.detail);
  for (const { head } of standings.partitions) expect(decodeFoldHead(head!.fold).latenessMs).toBe(10_000);
  await expect(world.replay({ settings, rollback: true })).rejects.toThrow('FLEETMETER_LATENESS_SECONDS=60');
});

test('a half-done generation of other settings is begun anew', async () => {
  const steps: string[] = [];
  const { name } = (await world.store.generations.build()) as { name: string };
  expect(name).toBe('2');
  await expect(
    world.replay({
      onStep: (step) => {
        if (step.endsWith('where the running one stands')) throw new Error('ended here');
      },
    }),
  ).rejects.toThrow('ended here');
  const settings = { ...world.settings, latenessMs: 10_000 };
  await world.replay({ settings, onStep: (step) => steps.push(step) });
  expect(steps[0]).toMatch(/^generation 2 was begun before and can't be continued: .*LATENESS_SECONDS=60/);
  expect(await names()).toMatchObject({ current: '3', previous: '1', building: null });
});

test('a half-done generation is gone on with, from what was committed', async () => {
  const folded = { first: 0, second: 0 };
  await expect(
    world.replay({
      onFolded: (records) => {
        folded.first += records;
      },
      onStep: (step) => {
        if (step.endsWith('where the running one stands')) throw new Error('ended here');
      },
    }),
  ).rejects.toThrow('ended here');
  await world.append(linesOf([jobEnd('job-1', 65)]));
  await world.live();
  await world.replay({
    onFolded: (records) => {
      folded.second += records;
    },
  });
  expect(folded.first).toBeGreaterThan(40);
  expect(folded.second).toBe(1);
});

test('a dry run tells what would change, and changes nothing', async () => {
  const { log, store, settings } = world;
  const told = { onTotal: () => undefined, onFolded: () => undefined };
  expect(await dryRun({ log, store, settings, ...told })).toEqual([]);
  await world.append(linesOf([jobEnd('job-1', 59), jobEnd('job-1', 30)]));
  await world.live();
  const before = await world.page();
  const changes = await dryRun({ log, store, settings: { ...settings, latenessMs: 10_000 }, ...told });
  expect(changes.length).toBeGreaterThan(0);
  expect(await world.page()).toBe(before);
  expect(await names()).toEqual({ kind: 'names', current: '1', previous: null, building: null });
});

test('a store that was never folded has nothing to be rebuilt', async () => {
  const empty = await openReplayWorld(SETTINGS);
  await expect(empty.replay()).rejects.toThrow('there is no state to rebuild');
  await empty.close();
});

test('a partition that is behind is not compared: that must be asked for', async () => {
  const acquired = await world.store.acquire(0);
  if (acquired.kind !== 'acquired' || acquired.head === null) throw new Error('expected a head');
  const { generation, epoch, counter: fromCounter, head } = acquired;
  const commit = {
    generation,
    partition: 0,
    epoch,
    fromCounter,
    batchId: 'b',
    head,
    changes: [],
    behind: true,
  };
  expect(await world.store.commit(commit)).toEqual({ kind: 'applied' });
  await expect(world.replay()).rejects.toThrow('partition 0 is behind what may have been shown');
  world.forget();
  await world.live();
  expect(await world.page()).toContain('fleetmeter_page_timestamp_seconds');
  expect(await world.store.commit({ ...commit, fromCounter: fromCounter + 1 })).toEqual({ kind: 'stale' });
});

test('a switch that fails leaves the old generation to its owners at once', async () => {
  const before = await world.page();
  const failing = world.replay({
    onChanges: () => {
      throw new Error('failed here');
    },
  });
  await expect(failing).rejects.toThrow('failed here');
  expect(await world.page()).toBe(before);
  world.forget();
  world.nowMs += 1000;
  await world.live();
  expect(await world.page()).not.toBe(before);
  expect(await names()).toMatchObject({ current: '1', building: '2' });
});

test('a log that was made anew, and is shorter, is rebuilt from; nothing that was shown falls', async () => {
  const witness = openWitness();
  witness.fallenOn(await world.page());
  const other = await openReplayWorld(SETTINGS);
  other.nowMs = EPOCH_MS + 60_000;
  await other.append(fleet(3));
  const { held } = await world.replay({ log: other.log });
  expect(held).toBeGreaterThan(0);
  expect(witness.fallenOn(await world.page())).toEqual([]);
  const standings = await world.store.generations.standings('2');
  const bounds = await other.log.bounds('lifecycle');
  if (standings.kind !== 'standings' || bounds.kind !== 'bounds') throw new Error('away');
  const ends = bounds.partitions.map(({ end }) => end);
  expect(standings.partitions.map(({ head }) => head!.positions.lifecycle)).toEqual(ends);
  await other.close();
});

test('a log whose beginning is lost is not rebuilt from', async () => {
  const log: typeof world.log = {
    ...world.log,
    async bounds(topic) {
      const bounds = await world.log.bounds(topic);
      if (bounds.kind !== 'bounds' || topic !== 'lifecycle') return bounds;
      return { ...bounds, partitions: bounds.partitions.map(({ end }) => ({ start: 5, end })) };
    },
  };
  await expect(world.replay({ log })).rejects.toThrow('begins at 5: its history is lost');
  expect(await world.page()).toContain('fleetmeter_page_timestamp_seconds');
});
