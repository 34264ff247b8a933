/** A replay that is ended anywhere, and started again: what readers and owners see of it. */
import { ENTITY } from '../../services/view/entries';
import { verify } from '../../services/replay/verify';
import { openWitness } from '../partition/pages';
import { DEFAULT_SETTINGS } from '../support/history';
import { EPOCH_MS, fleet, jobEnd, linesOf } from './fleet';
import { Death, mortal } from './mortal';
import { openReplayWorld, type ReplayWorld } from './world';

jest.setTimeout(300_000);

const SETTINGS = { ...DEFAULT_SETTINGS, partitions: 2, latenessMs: 60_000 };
/** Longer than a switch is left alone without a sign of life. */
const LEASE_MS = 20_000;
/** Of the calls to die at: all with STRIDE=1. */
const STRIDE = Number(process.env['STRIDE'] ?? 3);

/** A fleet of which the store has two jobs wrong, one too dear and one too cheap, and one is held. */
async function wrongWorld(): Promise<ReplayWorld> {
  const world = await openReplayWorld(SETTINGS);
  world.nowMs = EPOCH_MS + 60_000;
  await world.append(fleet(8));
  await world.live();
  world.nowMs = EPOCH_MS + 70_000;
  await world.append(linesOf([jobEnd('job-4', 65)]));
  await world.live();
  for (const [job, price] of [
    ['job-1', '7200000000000'],
    ['job-2', '1200000000000'],
  ] as const) {
    for (let partition = 0; partition < SETTINGS.partitions; partition++) {
      for await (const entries of world.store.load(partition, 'shown')) {
        for (const { key, value } of entries) {
          if (!key.startsWith(ENTITY.prefix) || !value.includes(`"kind":"job","id":"${job}"`)) continue;
          const changed = value.replaceAll('3600000000000', price);
          await world.plant(partition, [{ space: 'shown', key, value: changed }]);
        }
      }
    }
  }
  return world;
}

async function isTrue(world: ReplayWorld): Promise<void> {
  const { log, store, settings } = world;
  const told = { onTotal: () => undefined, onFolded: () => undefined };
  const { differences } = await verify({ log, store, settings, project: null, sample: null, ...told });
  expect(differences).toEqual([]);
}

async function countCalls(options: { rollback: boolean }): Promise<number> {
  const world = await wrongWorld();
  if (options.rollback) await world.replay();
  world.forget();
  const { store, calls } = mortal(world.store, Infinity, 'before');
  await world.replay({ store, ...options });
  await world.close();
  return calls();
}

describe.each([
  ['a replay', false],
  ['a rollback', true],
])('%s', (_, rollback) => {
  test('that is ended at any call leaves the old generation or the new one, and is made good by the next', async () => {
    const calls = await countCalls({ rollback });
    expect(calls).toBeGreaterThan(15);
    let switched = 0;
    for (let at = calls; at >= 1; at -= STRIDE) {
      for (const when of ['before', 'after'] as const) {
        const world = await wrongWorld();
        if (rollback) await world.replay();
        world.forget();
        const witness = openWitness();
        const before = await world.page();
        expect(witness.fallenOn(before)).toEqual([]);
        await expect(world.replay({ store: mortal(world.store, at, when).store, rollback })).rejects.toThrow(
          Death,
        );
        // Readers go on, at once.
        const page = await world.page();
        expect(witness.fallenOn(page)).toEqual([]);
        const names = await world.store.generations.names();
        const from = rollback ? '2' : '1';
        if (names.kind === 'names' && names.current !== from) switched++;
        // Owners go on when the time of the switch is up.
        const passed = jest
          .spyOn(Date, 'now')
          .mockImplementation(() => performance.timeOrigin + performance.now() + LEASE_MS);
        world.nowMs += 1000;
        await world.live();
        expect(witness.fallenOn(await world.page())).toEqual([]);
        passed.mockRestore();
        world.forget();
        // And what was to be done is done by the next.
        await world.replay();
        expect(witness.fallenOn(await world.page())).toEqual([]);
        await isTrue(world);
        world.nowMs += 1000;
        await world.live();
        expect(witness.fallenOn(await world.page())).toEqual([]);
        await world.close();
      }
    }
    expect(switched).toBeGreaterThan(0);
  });
});

test('owners that commit while a replay is at work get in its way nowhere', async () => {
  const world = await wrongWorld();
  const witness = openWitness();
  let lives = 0;
  let busy = false;
  let sealed = false;
  await world.replay({
    onStep: (step) => {
      sealed ||= step.startsWith('sealed');
    },
    async onFolded() {
      if (busy || sealed) return;
      busy = true;
      world.nowMs += 500;
      await world.append(linesOf([jobEnd(`job-${5 + lives++}`, 71)]));
      await world.live();
      expect(witness.fallenOn(await world.page())).toEqual([]);
      busy = false;
    },
  });
  expect(lives).toBeGreaterThan(1);
  expect(witness.fallenOn(await world.page())).toEqual([]);
  await isTrue(world);
  world.forget();
  world.nowMs += 500;
  await world.live();
  expect(witness.fallenOn(await world.page())).toEqual([]);
  await isTrue(world);
  await world.close();
});
