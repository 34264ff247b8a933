/**
 * Bugs that the protocol is there to make impossible, planted in the simulated store and in wrappers around
 * it. The simulation has to find each of them.
 */
import { HOLD, TOTAL, encodeTotal } from '../../services/view/entries';
import type { Change, Commit, Head, StateStore } from '../../services/store/port';
import type { Host } from './host';
import { askOf, openSimulatedStore, type StorePlace } from './store';
import { judgeCommit, type Judge } from './store-server';

export const BUGS = [
  'no fence',
  'increments',
  'offsets before state',
  'positions only',
  'no holds after a rewind',
  'page time never goes back',
  'no holds where page time goes back',
] as const;
export type Bug = (typeof BUGS)[number];

export function openStoreWith(bug: Bug | null, place: StorePlace, host: Host): StateStore {
  const store = openSimulatedStore(place, host);
  switch (bug) {
    case null:
      return store;
    case 'no fence':
      return {
        ...store,
        commit: (request) => askOf(place, host)(() => place.server.commit(request, unfenced)),
      };
    case 'increments':
      return incrementing(store, place, host);
    case 'offsets before state':
      return offsetsFirst(store);
    case 'positions only':
      return comparingPositions(store, place, host);
    case 'no holds after a rewind':
      return holdingNothing(store);
    case 'page time never goes back':
      return whereItGoesBack(store, (request, pageTimeMs) => ({
        ...request,
        head: { ...request.head, pageTimeMs },
      }));
    case 'no holds where page time goes back':
      return whereItGoesBack(store, (request) => ({
        ...request,
        changes: request.changes.filter((change) => !isHold(change)),
      }));
    default:
      return bug satisfies never;
  }
}

/** Whoever has the version may commit, however often the partition was taken over since. */
const unfenced: Judge = (request, before, server) =>
  judgeCommit(request, { ...before, epoch: request.epoch }, server);

/** Totals are added to, beside what compares and sets: a commit that is sent again adds again. */
function incrementing(store: StateStore, place: StorePlace, host: Host): StateStore {
  const ask = askOf(place, host);
  const added = new Map<string, readonly Addition[]>();
  return {
    ...store,
    commit(request) {
      const additions = added.get(request.batchId) ?? additionsOf(request, place);
      added.set(request.batchId, additions);
      return ask(() => {
        const sums = new Map(
          additions.map(({ key, by }) => [key, encodeTotal(sum(totalOf(place, request, key), by))]),
        );
        place.server.put(request.partition, sums);
        const changes = request.changes.map((change) => ({
          ...change,
          value: sums.get(change.key) ?? change.value,
        }));
        return place.server.commit({ ...request, changes });
      });
    },
  };
}

interface Addition {
  readonly key: string;
  readonly by: readonly bigint[];
}

function additionsOf(request: Commit, place: StorePlace): Addition[] {
  return request.changes.flatMap(({ key, value }) => {
    if (!key.startsWith(TOTAL.prefix) || value === null) return [];
    const before = totalOf(place, request, key).map((units) => -units);
    return [{ key, by: sum(value.split(' ').map(BigInt), before) }];
  });
}

function totalOf({ server }: StorePlace, { partition }: Commit, key: string): readonly bigint[] {
  const text = server.partitions[partition]?.shown.get(key);
  return text === undefined ? [] : text.split(' ').map(BigInt);
}

function sum(a: readonly bigint[], b: readonly bigint[]): bigint[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0n) + (b[i] ?? 0n));
}

/** Two commits, the positions first: who dies in between has passed records that are in no state. */
function offsetsFirst(store: StateStore): StateStore {
  const more = new Map<number, number>();
  return {
    ...store,
    acquire(number) {
      more.delete(number);
      return store.acquire(number);
    },
    async commit(request) {
      const { partition, batchId } = request;
      const fromCounter = request.fromCounter + (more.get(partition) ?? 0);
      const offsets = await store.commit({
        ...request,
        fromCounter,
        batchId: `${batchId} offsets`,
        changes: [],
      });
      if (offsets.kind !== 'applied') return offsets;
      const state = await store.commit({ ...request, fromCounter: fromCounter + 1 });
      if (state.kind === 'applied') more.set(partition, (more.get(partition) ?? 0) + 1);
      return state;
    },
  };
}

/**
 * A commit is taken where the positions are the ones that it was built on: commits of page time alone all
 * look alike.
 */
function comparingPositions(store: StateStore, place: StorePlace, host: Host): StateStore {
  const ask = askOf(place, host);
  const built = new Map<number, Head['positions'] | undefined>();
  return {
    ...store,
    async acquire(number) {
      const acquired = await store.acquire(number);
      if (acquired.kind === 'acquired') built.set(number, acquired.head?.positions);
      return acquired;
    },
    async commit(request) {
      const base = built.get(request.partition);
      const result = await ask(() =>
        place.server.commit(request, (_, { last, server }, answering) => {
          if (server !== answering) return 'stale';
          const stored = last?.head.positions;
          const isBase = stored?.lifecycle === base?.lifecycle && stored?.telemetry === base?.telemetry;
          return isBase ? 'goes on' : 'stale';
        }),
      );
      if (result.kind === 'applied') built.set(request.partition, request.head.positions);
      return result;
    },
  };
}

function isHold({ key, value }: Change): boolean {
  return key.startsWith(HOLD.prefix) && value !== null;
}

/** What may have been shown before a rewind is not held. */
function holdingNothing(store: StateStore): StateStore {
  const rewound = new Set<number>();
  return {
    ...store,
    async acquire(number) {
      const acquired = await store.acquire(number);
      if (acquired.kind === 'acquired' && acquired.behind) rewound.add(number);
      return acquired;
    },
    async commit(request) {
      const { partition, changes, behind = false } = request;
      if (!rewound.has(partition)) return store.commit(request);
      const result = await store.commit({ ...request, changes: changes.filter((change) => !isHold(change)) });
      if (result.kind === 'applied' && !behind) rewound.delete(partition);
      return result;
    },
  };
}

/** A commit that takes page time back is another one. */
function whereItGoesBack(
  store: StateStore,
  another: (request: Commit, pageTimeMs: number) => Commit,
): StateStore {
  const pageTimes = new Map<number, number>();
  return {
    ...store,
    async acquire(number) {
      const acquired = await store.acquire(number);
      if (acquired.kind === 'acquired') pageTimes.set(number, acquired.head?.pageTimeMs ?? 0);
      return acquired;
    },
    async commit(request) {
      const pageTimeMs = pageTimes.get(request.partition) ?? 0;
      const made = request.head.pageTimeMs < pageTimeMs ? another(request, pageTimeMs) : request;
      const result = await store.commit(made);
      if (result.kind === 'applied') pageTimes.set(request.partition, made.head.pageTimeMs);
      return result;
    },
  };
}
