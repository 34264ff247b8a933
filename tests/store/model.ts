import fc from 'fast-check';
import type { Change, Commit, StateStore } from '../../services/store/port';
import { type StoreWorld, type View, head, load, refresh, takeOver } from './world';

/** A partition as it ought to be. */
interface Model {
  epoch: number;
  counter: number;
  shown: Map<string, string>;
  kept: Map<string, string>;
}

interface Claim {
  epoch: number;
  counter: number;
}

type Step =
  | { kind: 'acquire'; owner: number }
  | { kind: 'commit'; owner: number; changes: Change[] }
  /** A commit whose reply was lost: sent again, then or later. */
  | { kind: 'resend'; owner: number }
  | { kind: 'refresh'; reader: number };

const OWNERS = 2;
const READERS = 2;

const change: fc.Arbitrary<Change> = fc.record({
  space: fc.constantFrom('shown' as const, 'shown' as const, 'kept' as const),
  key: fc.oneof(
    fc.constantFrom('a', 'b', 'c', '__proto__', '🦙', ''),
    fc.string({ unit: 'binary', maxLength: 8 }),
  ),
  value: fc.option(fc.string({ unit: 'binary', maxLength: 30 }), { nil: null }),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('acquire' as const), owner: fc.nat(OWNERS - 1) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      owner: fc.nat(OWNERS - 1),
      changes: fc.array(change, { maxLength: 12 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resend' as const), owner: fc.nat(OWNERS - 1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('refresh' as const), reader: fc.nat(READERS - 1) }) },
);

/** Random owners, lost replies and lagging readers on one partition against maps in memory. */
export async function modelTest(world: StoreWorld, store: StateStore): Promise<void> {
  const model: Model = { epoch: 0, counter: 0, shown: new Map(), kept: new Map() };
  const readers: { store: StateStore; view: View }[] = [];
  for (let n = 0; n < READERS; n++) {
    readers.push({ store: world.open(), view: { version: null, entries: new Map() } });
  }
  // The partition, its history and the readers live on from one run to the next: ever longer histories.
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const claims: (Claim | undefined)[] = [];
      const sent: (Commit | undefined)[] = [];
      let last: Commit | undefined;
      for (const now of steps) {
        switch (now.kind) {
          case 'acquire': {
            const { epoch, counter } = await takeOver(store);
            expect(epoch).toBeGreaterThan(model.epoch);
            expect(counter).toBe(model.counter);
            model.epoch = epoch;
            claims[now.owner] = { epoch, counter };
            break;
          }
          case 'commit': {
            const claim = claims[now.owner];
            if (claim === undefined) break;
            const commit = commitOf(claim, now.changes);
            const valid = claim.epoch === model.epoch && claim.counter === model.counter;
            expect(await store.commit(commit)).toEqual({ kind: valid ? 'applied' : 'stale' });
            sent[now.owner] = commit;
            if (!valid) break;
            last = commit;
            apply(model, commit);
            claim.counter++;
            break;
          }
          case 'resend': {
            const commit = sent[now.owner];
            if (commit === undefined) break;
            const poisoned = {
              ...commit,
              changes: [{ space: 'shown' as const, key: 'poison', value: 'late' }],
            };
            expect(await store.commit(poisoned)).toEqual({ kind: commit === last ? 'applied' : 'stale' });
            break;
          }
          case 'refresh': {
            const reader = readers[now.reader];
            if (reader !== undefined) await seesModel(reader.store, reader.view, model);
            break;
          }
        }
      }
      for (const reader of readers) await seesModel(reader.store, reader.view, model);
      expect(await load(store, 'shown')).toEqual(model.shown);
      expect(await load(store, 'kept')).toEqual(model.kept);
    }),
    { numRuns: 60, endOnFailure: true },
  );
  for (const reader of readers) await reader.store.close();
}

function commitOf({ epoch, counter }: Claim, changes: Change[]): Commit {
  const batchId = `${epoch}/${counter}/${Math.random()}`;
  return { partition: 0, epoch, fromCounter: counter, batchId, head: head(counter + 1), changes };
}

function apply(model: Model, commit: Commit): void {
  model.counter++;
  for (const { space, key, value } of commit.changes) {
    if (value === null) model[space].delete(key);
    else model[space].set(key, value);
  }
}

async function seesModel(store: StateStore, view: View, model: Model): Promise<void> {
  const there = await refresh(store, view);
  expect(there).toBe(model.counter > 0);
  if (!there) return;
  expect(view.version?.counter).toBe(model.counter);
  expect(view.entries).toEqual(model.shown);
}
