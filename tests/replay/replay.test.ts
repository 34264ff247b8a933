import * as fc from 'fast-check';
import { HOLD } from '../../services/view/entries';
import { verify } from '../../services/replay/verify';
import { historyArbitrary } from '../support/history';
import { playLive } from './play';
import { openReplayWorld, type ReplayWorld } from './world';
import { depth } from '../support/depth';

jest.setTimeout(120_000);

const RUNS = depth(16, 60);
const LINES = 150;

/** Of series that no page shows now, too. */
async function holdsAny({ log, store }: ReplayWorld): Promise<boolean> {
  for (let partition = 0; partition < log.partitions; partition++) {
    for await (const entries of store.load(partition, 'shown', '1'))
      if (entries.some(({ key }) => key.startsWith(HOLD.prefix))) return true;
  }
  return false;
}

test('what was folded live is rebuilt to the byte, and what is held is held on', async () => {
  let withHolds = 0;
  await fc.assert(
    fc.asyncProperty(historyArbitrary(LINES), fc.noShrink(fc.nat()), async (history, seed) => {
      const world = await openReplayWorld(history.settings);
      await playLive(world, history, seed);
      const before = await world.page();
      if (await holdsAny(world)) withHolds++;
      const { log, store, settings } = world;
      const told = { onTotal: () => undefined, onFolded: () => undefined };
      const { differences } = await verify({ log, store, settings, project: null, sample: null, ...told });
      expect(differences).toEqual([]);
      const { changes } = await world.replay();
      expect(changes).toEqual([]);
      expect(await world.page()).toBe(before);
      world.forget();
      world.nowMs += 5000;
      await world.live();
      expect(await world.page()).toContain('fleetmeter_page_timestamp_seconds');
      await world.close();
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(withHolds).toBeGreaterThan(0);
});
