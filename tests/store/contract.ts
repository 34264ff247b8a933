import { changesContract } from './contract-changes';
import { commitContract } from './contract-commit';
import {
  type Current,
  type StoreWorld,
  PARTITIONS,
  changesOf,
  deltaOf,
  head,
  kept,
  load,
  refresh,
  shown,
  takeOver,
} from './world';

/** What every StateStore keeps to (services/store/port.ts). */
export function stateStoreContract(name: string, makeWorld: () => StoreWorld): void {
  describe(`StateStore: ${name}`, () => {
    // Set by beforeEach.
    const now = {} as Current;

    beforeEach(() => {
      now.world = makeWorld();
      now.store = now.world.open();
    });

    afterEach(async () => {
      await now.store.close();
      now.world.end();
    });

    describe('takeover', () => {
      test('of a partition where nothing was committed', async () => {
        expect(await changesOf(now.store, null)).toEqual({ kind: 'empty' });
        expect(await now.store.acquire(0)).toMatchObject({
          kind: 'acquired',
          counter: 0,
          head: null,
          behind: true,
        });
        expect(await changesOf(now.store, null)).toEqual({ kind: 'empty' });
        expect(await load(now.store)).toEqual(new Map());
      });

      test('raises the epoch each time, and hands over what was committed', async () => {
        const first = await takeOver(now.store);
        await first.commit([shown('a', '1')]);
        const second = await now.store.acquire(0);
        expect(second).toEqual({
          kind: 'acquired',
          generation: '1',
          epoch: expect.any(Number) as number,
          counter: 1,
          head: head(1),
          behind: false,
        });
        const third = await takeOver(now.store);
        if (second.kind !== 'acquired') return;
        expect(second.epoch).toBeGreaterThan(first.epoch);
        expect(third.epoch).toBeGreaterThan(second.epoch);
        expect(Number.isSafeInteger(third.epoch)).toBe(true);
      });

      test('fences the owner before: its commits are stale and change nothing', async () => {
        const before = await takeOver(now.store);
        await before.commit([shown('a', 'before')]);
        const replica = now.world.open();
        const after = await takeOver(replica);
        expect(await now.store.commit(before.next([shown('a', 'late')]))).toEqual({ kind: 'stale' });
        await after.commit([shown('b', 'after')]);
        expect(await now.store.commit(before.next([shown('a', 'late')]))).toEqual({ kind: 'stale' });
        expect(await load(now.store)).toEqual(new Map(Object.entries({ a: 'before', b: 'after' })));
        expect((await deltaOf(now.store, null)).version).toEqual({ epoch: after.epoch, counter: 2 });
        await replica.close();
      });

      test('alone makes no new version', async () => {
        await (await takeOver(now.store)).commit([shown('a', '1')]);
        const { version } = await deltaOf(now.store, null);
        await takeOver(now.store);
        expect(await deltaOf(now.store, version)).toEqual({
          kind: 'delta',
          generation: '1',
          version,
          head: head(1),
          changes: [],
        });
      });

      test('of one partition leaves the others alone', async () => {
        const [zero, one] = [await takeOver(now.store, 0), await takeOver(now.store, 1)];
        await zero.commit([shown('k', 'zero')]);
        await one.commit([shown('k', 'one'), kept('k', 'kept')]);
        await one.commit();
        await takeOver(now.store, 0);
        await one.commit();
        expect(await load(now.store, 'shown', 0)).toEqual(new Map([['k', 'zero']]));
        expect(await load(now.store, 'shown', 1)).toEqual(new Map([['k', 'one']]));
        const answers = await now.store.changesSince([null, { epoch: one.epoch, counter: 1 }]);
        expect(answers).toMatchObject([
          { version: { counter: 1 } },
          { version: { counter: 3 }, changes: [] },
        ]);
      });
    });

    commitContract(now);
    changesContract(now);

    test('a partition that is behind shows nothing until its owner has caught up', async () => {
      const first = await takeOver(now.store);
      expect(first.behind).toBe(true);
      expect(await now.store.commit({ ...first.next([shown('a', '1')]), behind: true })).toEqual({
        kind: 'applied',
      });
      first.counter++;
      expect(await changesOf(now.store, null)).toMatchObject({ kind: 'unavailable' });
      expect(await changesOf(now.store, { epoch: first.epoch, counter: 1 })).toMatchObject({
        kind: 'unavailable',
      });

      const second = await takeOver(now.store);
      expect(second).toMatchObject({ behind: true, counter: 1 });
      expect(await changesOf(now.store, null)).toMatchObject({ kind: 'unavailable' });
      await second.commit([shown('b', '1')]);
      expect((await deltaOf(now.store, null)).version).toEqual({ epoch: second.epoch, counter: 2 });
      expect(await load(now.store)).toEqual(new Map(Object.entries({ a: '1', b: '1' })));
      expect((await takeOver(now.store)).behind).toBe(false);
    });

    test('stores in one place do not mix', async () => {
      const other = now.world.openOther();
      await (await takeOver(now.store)).commit([shown('a', 'one'), kept('k', 'one')]);
      expect(await changesOf(other, null)).toEqual({ kind: 'empty' });
      await (await takeOver(other)).commit([shown('a', 'other')]);
      expect(await load(now.store)).toEqual(new Map([['a', 'one']]));
      expect(await load(other)).toEqual(new Map([['a', 'other']]));
      expect(await load(other, 'kept')).toEqual(new Map());
      await other.close();
    });

    test('a replica that starts late sees what is there', async () => {
      await (await takeOver(now.store)).commit([shown('a', '1')]);
      const replica = now.world.open();
      const view = { version: null, entries: new Map<string, string>() };
      expect(await refresh(replica, view)).toBe(true);
      expect(view.entries).toEqual(new Map([['a', '1']]));
      await replica.close();
    });

    test('tells its clock', async () => {
      const before = Date.now();
      const clock = await now.store.clock();
      if (clock.kind !== 'clock') throw new Error(clock.detail);
      expect(clock.nowMs).toBeGreaterThanOrEqual(before);
      expect(clock.nowMs).toBeLessThanOrEqual(Date.now());
      expect(Number.isInteger(clock.nowMs)).toBe(true);
    });

    test('counts the partitions that it was made for', () => {
      expect(now.store.partitions).toBe(PARTITIONS);
      return expect(now.store.changesSince([null])).rejects.toThrow('expected versions of 2 partitions');
    });
  });
}
