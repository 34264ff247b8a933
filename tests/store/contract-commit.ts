import { type Current, changesOf, deltaOf, head, kept, load, shown, takeOver } from './world';

/** Texts that have been somebody's trouble as keys. */
const TEXTS = [
  '',
  ' ',
  '0',
  '__proto__',
  'constructor',
  'a\nb\r\nc\td',
  'nul \u0000 inside',
  '\u0000',
  '{0}:head',
  '"quoted" \\ back',
  '\u007f\u0080\u07ff\u0800\uffff',
  'GPU 🦙 naïve 東京 \u{10ffff}',
  '%s %d $1 *',
  'k'.repeat(1_899),
  'k'.repeat(1_900),
  'k'.repeat(1_901),
  'é'.repeat(5_000),
  `${'é'.repeat(5_000)}!`,
];

/** What commit() keeps to. */
export function commitContract(now: Current): void {
  describe('commit', () => {
    test('without a takeover is stale', async () => {
      const commit = { partition: 0, epoch: 0, fromCounter: 0, batchId: 'b', head: head(1), changes: [] };
      expect(await now.store.commit(commit)).toEqual({ kind: 'stale' });
      expect(await changesOf(now.store, null)).toEqual({ kind: 'empty' });
    });

    test('of the wrong counter is stale', async () => {
      const owner = await takeOver(now.store);
      await owner.commit();
      for (const fromCounter of [0, 2]) {
        const commit = { ...owner.next([shown('a', '1')], 'another'), fromCounter };
        expect(await now.store.commit(commit)).toEqual({ kind: 'stale' });
      }
      expect(await load(now.store)).toEqual(new Map());
    });

    test('may take page time back: a clock was wrong', async () => {
      const owner = await takeOver(now.store);
      const commit = owner.next();
      for (const [i, pageTimeMs] of [172_800_000, 1000].entries()) {
        const next = { ...commit, fromCounter: i, batchId: String(i), head: { ...commit.head, pageTimeMs } };
        expect(await now.store.commit(next)).toEqual({ kind: 'applied' });
        expect((await deltaOf(now.store, null)).head.pageTimeMs).toBe(pageTimeMs);
      }
    });

    test('sent again after a lost reply is applied, and applied once', async () => {
      const owner = await takeOver(now.store);
      const commit = owner.next([shown('a', '1')]);
      expect(await now.store.commit(commit)).toEqual({ kind: 'applied' });
      expect(await now.store.commit({ ...commit, changes: [shown('a', 'twice')] })).toEqual({
        kind: 'applied',
      });
      expect(await load(now.store)).toEqual(new Map([['a', '1']]));
      expect((await deltaOf(now.store, null)).version.counter).toBe(1);
      expect(await now.store.commit({ ...commit, batchId: 'another' })).toEqual({ kind: 'stale' });
    });

    test('sent again after a takeover answers what became of it', async () => {
      const owner = await takeOver(now.store);
      const applied = owner.next([shown('a', '1')]);
      await owner.commit([shown('a', '1')]);
      const lost = owner.next([shown('a', '2')]);
      await takeOver(now.store);
      expect(await now.store.commit(applied)).toEqual({ kind: 'applied' });
      expect(await now.store.commit(lost)).toEqual({ kind: 'stale' });
    });

    test('sent again after a new owner has made that version under the same batch id is stale', async () => {
      const before = await takeOver(now.store);
      const lost = before.next([shown('a', 'before')], 'same id');
      const after = await takeOver(now.store);
      expect(await now.store.commit(after.next([shown('a', 'after')], 'same id'))).toEqual({
        kind: 'applied',
      });
      expect(await now.store.commit(lost)).toEqual({ kind: 'stale' });
      expect(await load(now.store)).toEqual(new Map([['a', 'after']]));
    });

    test('that was held up until a later one was made is stale, and overwrites nothing', async () => {
      const owner = await takeOver(now.store);
      const delayed = owner.next([shown('a', 'old')]);
      await owner.commit([shown('a', 'old')]);
      await owner.commit([shown('a', 'new')]);
      expect(await now.store.commit(delayed)).toEqual({ kind: 'stale' });
      expect(await load(now.store)).toEqual(new Map([['a', 'new']]));
    });

    test('takes the last of several changes of a key', async () => {
      const owner = await takeOver(now.store);
      await owner.commit([shown('gone', '1'), kept('gone', '1')]);
      const { version } = await deltaOf(now.store, null);
      await owner.commit([
        shown('x', '1'),
        shown('x', null),
        shown('x', '3'),
        shown('gone', '2'),
        shown('gone', null),
        kept('gone', null),
        kept('gone', '2'),
        shown('never', null),
      ]);
      expect(await load(now.store)).toEqual(new Map([['x', '3']]));
      expect(await load(now.store, 'kept')).toEqual(new Map([['gone', '2']]));
      const { changes } = await deltaOf(now.store, version);
      expect(new Map(changes.map(({ key, value }) => [key, value]))).toEqual(
        new Map([
          ['x', '3'],
          ['gone', null],
          ['never', null],
        ]),
      );
      expect(changes).toHaveLength(3);
    });

    test('keeps any text, as key and as value, in both spaces', async () => {
      const owner = await takeOver(now.store);
      await owner.commit();
      const { version } = await deltaOf(now.store, null);
      const values = new Map(TEXTS.map((key, n) => [key, TEXTS[TEXTS.length - 1 - n] ?? '']));
      await owner.commit([...values].flatMap(([key, value]) => [shown(key, value), kept(key, value)]));
      expect(await load(now.store)).toEqual(values);
      expect(await load(now.store, 'kept')).toEqual(values);
      const { changes } = await deltaOf(now.store, version);
      expect(new Map(changes.map(({ key, value }) => [key, value]))).toEqual(values);
      await owner.commit(TEXTS.map((key) => shown(key, null)));
      expect(await load(now.store)).toEqual(new Map());
      expect(await load(now.store, 'kept')).toEqual(values);
    });

    test('of 10,000 changes and of large values is one commit', async () => {
      const owner = await takeOver(now.store);
      await owner.commit();
      const { version } = await deltaOf(now.store, null);
      const many = Array.from({ length: 10_000 }, (_, n) =>
        shown(`job/${n}`, `value ${n} ${'v'.repeat(100)}`),
      );
      await owner.commit(many);
      const large = Array.from({ length: 500 }, (_, n) => shown(`job/${n}`, `${n} ${'é'.repeat(15_000)}`));
      await owner.commit([...large, ...many.slice(1_000).map(({ key }) => kept(key, 'k'))]);
      await owner.commit(many.slice(1_000).map(({ key }) => shown(key, null)));
      const { changes } = await deltaOf(now.store, version);
      expect(changes).toHaveLength(10_000);
      const expected = new Map(large.map(({ key, value }) => [key, value ?? '']));
      for (const { key, value } of many.slice(500, 1_000)) expected.set(key, value ?? '');
      expect(await load(now.store)).toEqual(expected);
      const values = new Map(changes.flatMap(({ key, value }) => (value === null ? [] : [[key, value]])));
      expect(values).toEqual(expected);
      expect((await load(now.store, 'kept')).size).toBe(9_000);
    });
  });
}
