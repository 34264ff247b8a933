import { modelTest } from './model';
import { type Current, changesOf, deltaOf, head, kept, load, shown, takeOver } from './world';

/** What changesSince() and load() keep to. */
export function changesContract(now: Current): void {
  describe('changes', () => {
    test('of no version yet: head and version alone', async () => {
      const owner = await takeOver(now.store);
      await owner.commit([shown('a', '1')]);
      const version = { epoch: owner.epoch, counter: 1 };
      expect(await deltaOf(now.store, null)).toEqual({
        kind: 'delta',
        generation: '1',
        version,
        head: head(1),
        changes: [],
      });
    });

    test('since a version: each changed shown entry once, with its value now', async () => {
      const owner = await takeOver(now.store);
      await owner.commit([shown('a', '1'), shown('b', '1')]);
      const { version } = await deltaOf(now.store, null);
      await owner.commit([shown('a', '2'), kept('k', '1')]);
      await owner.commit();
      await owner.commit([shown('a', '3'), shown('b', null), shown('c', '1')]);
      const delta = await deltaOf(now.store, version);
      expect(delta.version).toEqual({ epoch: owner.epoch, counter: 4 });
      expect(delta.head).toEqual(head(4));
      expect([...delta.changes].sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
        { key: 'a', value: '3' },
        { key: 'b', value: null },
        { key: 'c', value: '1' },
      ]);
      expect((await deltaOf(now.store, delta.version)).changes).toEqual([]);
    });

    test('go on across a takeover', async () => {
      const before = await takeOver(now.store);
      await before.commit([shown('a', '1')]);
      const { version } = await deltaOf(now.store, null);
      const after = await takeOver(now.store);
      await after.commit([shown('b', '1')]);
      const delta = await deltaOf(now.store, version);
      expect(delta.version).toEqual({ epoch: after.epoch, counter: 2 });
      expect(delta.changes).toEqual([{ key: 'b', value: '1' }]);
    });

    test('since a version of another history: load anew', async () => {
      const owner = await takeOver(now.store);
      await owner.commit([shown('a', '1')]);
      await owner.commit([shown('a', '2')]);
      const { epoch } = owner;
      for (const since of [
        { epoch: epoch - 1, counter: 1 },
        { epoch: epoch + 1, counter: 2 },
        { epoch, counter: 3 },
        { epoch, counter: 0 },
      ]) {
        expect(await changesOf(now.store, since)).toEqual({ kind: 'reload' });
      }
    });

    test('since longer ago than is remembered: load anew', async () => {
      const owner = await takeOver(now.store);
      await owner.commit();
      const { version } = await deltaOf(now.store, null);
      const batch = (n: number) => Array.from({ length: 7_000 }, (_, i) => shown(`${n}/${i}`, 'v'));
      await owner.commit(batch(1));
      await owner.commit(batch(2));
      expect((await deltaOf(now.store, version)).changes).toHaveLength(14_000);
      await owner.commit(batch(3));
      expect(await changesOf(now.store, version)).toEqual({ kind: 'reload' });
      const later = { epoch: owner.epoch, counter: 2 };
      expect((await deltaOf(now.store, later)).changes).toHaveLength(14_000);
    });

    test('of very many commits are not all remembered', async () => {
      const owner = await takeOver(now.store);
      const commits = async (count: number) => {
        const sent = Array.from({ length: count }, () => {
          const commit = owner.next();
          owner.counter++;
          return now.store.commit(commit);
        });
        expect(new Set((await Promise.all(sent)).map(({ kind }) => kind))).toEqual(new Set(['applied']));
      };
      await commits(2_048);
      const version = { epoch: owner.epoch, counter: 1 };
      expect((await deltaOf(now.store, version)).version.counter).toBe(2_048);
      await commits(1);
      expect(await changesOf(now.store, version)).toEqual({ kind: 'reload' });
      expect((await deltaOf(now.store, { ...version, counter: 2 })).version.counter).toBe(2_049);
    });

    test('bring what was loaded while commits went on to one version', async () => {
      const owner = await takeOver(now.store);
      await owner.commit(Array.from({ length: 5_000 }, (_, n) => shown(`old/${n}`, '0')));
      const { version } = await deltaOf(now.store, null);
      const reader = now.world.open();
      const entries = new Map<string, string>();
      let round = 0;
      for await (const chunk of reader.load(0, 'shown')) {
        for (const { key, value } of chunk) entries.set(key, value);
        round++;
        await owner.commit([
          ...Array.from({ length: 500 }, (_, n) => shown(`old/${n * 10 + (round % 10)}`, String(round))),
          shown(`old/${round}`, null),
          shown(`new/${round}`, 'new'),
        ]);
      }
      expect(round).toBeGreaterThan(2);
      for (const { key, value } of (await deltaOf(reader, version)).changes) {
        if (value === null) entries.delete(key);
        else entries.set(key, value);
      }
      expect(entries).toEqual(await load(now.store));
      await reader.close();
    });

    test('and takeovers follow a model, with replicas that lag', () => modelTest(now.world, now.store));
  });
}
