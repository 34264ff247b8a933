import { StoreReadError } from '../port';
import type { Acquired, GenerationStore, StateStore, StoreUnavailable } from '../port';
import { diskTrouble } from '../../process/disk';
import { openEnvironment } from './database';
import type { Environment } from './database';
import { hasEnded, openGenerations, readPointer, takeEpoch } from './generations';
import { groupTransactions } from './group';
import type { Transact } from './group';
import { partitionKey, readEntry } from './key';
import { acquire, changesOf, commit } from './transition';

const LOAD_CHUNK = 1_000;

export interface EmbeddedStoreOptions {
  readonly dir: string;
  readonly partitions: number;
}

interface OpenStore {
  readonly dir: string;
  readonly partitions: number;
  readonly environment: Environment;
  readonly transact: Transact;
}

/**
 * StateStore in a folder of this machine (LMDB); several processes may open it at a time.
 *
 * A commit is one LMDB transaction, flushed to the disk before it is answered: it is there as a whole or not
 * at all, and an answered one survives any end of the process or the machine. So nothing is ever rewound, and
 * only a new folder is behind.
 *
 * Throws PartitionsMismatch if the folder was made for another number of partitions.
 */
export function openEmbeddedStore({ dir, partitions }: EmbeddedStoreOptions): GenerationStore {
  const environment = openEnvironment(dir, partitions);
  const transact = groupTransactions(environment.root);
  const store: OpenStore = { dir, partitions, environment, transact };
  return {
    ...statesOf(store, () => currentName(store)),
    acquire: (partition) => acquireCurrent(store, partition),
    generations: openGenerations({
      environment,
      partitions,
      transact,
      attempt: (work) => attempt(dir, work),
      open: (name) => ({
        ...statesOf(store, () => name),
        acquire: (partition) => acquireNamed(store, name, partition),
        close: () => Promise.resolve(),
      }),
    }),
    async close() {
      // What was asked for earlier is done first.
      await transact(() => undefined);
      await environment.root.close();
    },
  };
}

/** What another process has committed is seen from here on. */
function currentName({ environment }: OpenStore): string {
  environment.root.resetReadTxn();
  return readPointer(environment).current;
}

async function acquireCurrent(store: OpenStore, partition: number): Promise<Acquired | StoreUnavailable> {
  const { dir, environment, transact } = store;
  for (;;) {
    const databases = environment.generation(currentName(store));
    const answer = await attempt(dir, () =>
      transact(() => {
        if (readPointer(environment).current !== databases.generation) return { kind: 'moved' as const };
        const epoch = takeEpoch(environment, databases, partition);
        return acquire(databases, partition, epoch, (id) => hasEnded(environment, id));
      }),
    );
    if (answer.kind === 'moved') continue;
    if (answer.kind !== 'sealed') return answer;
    const detail = `partition ${partition} is sealed: a replay is switching to another generation`;
    return { kind: 'unavailable', detail };
  }
}

/** Whoever opens a generation by name decides about its seals. */
async function acquireNamed(
  { dir, environment, transact }: OpenStore,
  name: string,
  partition: number,
): Promise<Acquired | StoreUnavailable> {
  const databases = environment.generation(name);
  const answer = await attempt(dir, () =>
    transact(() => acquire(databases, partition, takeEpoch(environment, databases, partition), () => true)),
  );
  if (answer.kind === 'sealed') throw new Error('a seal was to be broken');
  return answer;
}

/** Reads and writes the generation that `named` returns at each call. */
function statesOf(
  { dir, partitions, environment, transact }: OpenStore,
  named: () => string,
): Omit<StateStore, 'acquire' | 'close'> {
  return {
    partitions,
    commit: (batch) =>
      attempt(dir, () => {
        const databases = environment.generation(batch.generation ?? named());
        return transact(() => commit(databases, batch));
      }),
    async changesSince(since) {
      if (since.length !== partitions) {
        throw new Error(`expected versions of ${partitions} partitions, got ${since.length}`);
      }
      const databases = environment.generation(named());
      environment.root.resetReadTxn();
      return Promise.all(
        since.map((version, partition) => attempt(dir, () => changesOf(databases, partition, version))),
      );
    },
    async *load(partition, space, name) {
      const { entries } = environment.generation(name ?? named());
      const range = { start: partitionKey(partition), end: partitionKey(partition + 1), limit: LOAD_CHUNK };
      for (;;) {
        environment.root.resetReadTxn();
        const chunk = await attempt(dir, () => [...entries[space].getRange(range)]);
        if ('kind' in chunk) throw new StoreReadError(chunk.detail);
        const last = chunk.at(-1);
        if (last === undefined) return;
        yield chunk.map(readEntry);
        range.start = Buffer.concat([last.key, Buffer.of(0)]);
      }
    },
    clock: () => Promise.resolve({ kind: 'clock', nowMs: Date.now() }),
  };
}

/** What `work` answers, or that the folder can't be read or written now (disk full, I/O error). */
async function attempt<T>(dir: string, work: () => T | Promise<T>): Promise<T | StoreUnavailable> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && isAway(error))) throw error;
    return { kind: 'unavailable', detail: diskTrouble(dir, error.message) };
  }
}

/** lmdb's errors have LMDB's code (negative: see lmdb.h) or the system's (positive, such as ENOSPC). */
function isAway(error: Error): boolean {
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'number' && (code > 0 || AWAY.has(code));
}

const MDB_MAP_FULL = -30792;
const MDB_READERS_FULL = -30790;
const MDB_MAP_RESIZED = -30785;
const AWAY = new Set([MDB_MAP_FULL, MDB_READERS_FULL, MDB_MAP_RESIZED]);
