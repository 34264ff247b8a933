import type {
  Change,
  Commit,
  Delta,
  GenerationStore,
  Head,
  StateStore,
  Version,
} from '../../services/store/port';

/** What the contract suite needs of an adapter. */
export interface StoreWorld {
  /** A handle on the same data, as another replica has it. */
  open(): GenerationStore;
  /** A handle on other data in the same place (another prefix, another folder). */
  openOther(): GenerationStore;
  end(): void;
}

/** The world of the test that runs now, and a store that is open in it. */
export interface Current {
  world: StoreWorld;
  store: GenerationStore;
}

export const PARTITIONS = 2;

export function head(n: number): Head {
  return {
    positions: { lifecycle: n, telemetry: 10 * n },
    pageTimeMs: 1_700_000_000_000 + n,
    fold: JSON.stringify({ n }),
  };
}

export function shown(key: string, value: string | null): Change {
  return { space: 'shown', key, value };
}

export function kept(key: string, value: string | null): Change {
  return { space: 'kept', key, value };
}

/** A takeover that goes on committing. */
export interface Owner {
  readonly epoch: number;
  readonly behind: boolean;
  counter: number;
  /** The commit that comes next. */
  next(changes?: readonly Change[], batchId?: string): Commit;
  /** Commits it, and throws if it isn't applied. */
  commit(changes?: readonly Change[]): Promise<void>;
}

export async function takeOver(store: StateStore, partition = 0): Promise<Owner> {
  const acquired = await store.acquire(partition);
  if (acquired.kind !== 'acquired') throw new Error(acquired.detail);
  const { generation, epoch, behind } = acquired;
  const owner: Owner = {
    epoch,
    behind,
    counter: acquired.counter,
    next(changes = [], batchId = `${epoch}/${owner.counter}`) {
      const fromCounter = owner.counter;
      return { generation, partition, epoch, fromCounter, batchId, head: head(fromCounter + 1), changes };
    },
    async commit(changes = []) {
      const result = await store.commit(owner.next(changes));
      if (result.kind !== 'applied') throw new Error(JSON.stringify(result));
      owner.counter++;
    },
  };
  return owner;
}

/** The answer for one partition. */
export async function changesOf(store: StateStore, since: Version | null, partition = 0) {
  const versions = Array.from({ length: store.partitions }, (_, n) => (n === partition ? since : null));
  const answer = (await store.changesSince(versions))[partition];
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

export async function deltaOf(store: StateStore, since: Version | null, partition = 0): Promise<Delta> {
  const answer = await changesOf(store, since, partition);
  if (answer.kind !== 'delta') throw new Error(`expected a delta, got ${JSON.stringify(answer)}`);
  return answer;
}

export async function load(
  store: StateStore,
  space: 'shown' | 'kept' = 'shown',
  partition = 0,
): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  for await (const chunk of store.load(partition, space)) {
    for (const { key, value } of chunk) entries.set(key, value);
  }
  return entries;
}

/** A replica's copy of a partition, kept as StateStore.changesSince() says. */
export interface View {
  version: Version | null;
  entries: Map<string, string>;
}

/** Brings a view up to date; answers false if the store says that it is empty or away. */
export async function refresh(store: StateStore, view: View, partition = 0): Promise<boolean> {
  for (;;) {
    const answer = await changesOf(store, view.version, partition);
    if (answer.kind === 'empty' || answer.kind === 'unavailable') return false;
    if (answer.kind === 'reload') {
      view.version = null;
      continue;
    }
    const first = view.version === null;
    view.version = answer.version;
    if (first) {
      view.entries = await load(store, 'shown', partition);
      continue;
    }
    for (const { key, value } of answer.changes) {
      if (value === null) view.entries.delete(key);
      else view.entries.set(key, value);
    }
    return true;
  }
}
