import { open } from 'lmdb';
import type { Database, RootDatabase } from 'lmdb';
import type { Head, Space } from '../port';

/** What a partition's head holds. */
export interface PartitionHead {
  /** Of the last takeover. */
  readonly epoch: number;
  readonly behind: boolean;
  readonly last: LastCommit | null;
  /** The switch that it was sealed for. */
  readonly sealedFor?: string;
}

export interface LastCommit {
  readonly epoch: number;
  readonly counter: number;
  readonly batchId: string;
  readonly head: Head;
  /** How many shown keys all commits so far have changed. */
  readonly changed: number;
}

/** What readers need of a commit. */
export interface RememberedCommit {
  readonly epoch: number;
  /** LastCommit.changed, at that commit. */
  readonly changed: number;
  /** Of shown entries. */
  readonly keys: readonly string[];
}

/** The databases of one generation. */
export interface Databases {
  readonly generation: string;
  /** By partition. */
  readonly heads: Database<PartitionHead, number>;
  /** By partition and counter. */
  readonly commits: Database<RememberedCommit, [number, number]>;
  /** Entries of a space, see key.ts. */
  readonly entries: Readonly<Record<Space, Database<string, Buffer>>>;
}

/** Which generation is current, and the switch to another one. */
export interface Pointer {
  readonly current: string;
  readonly previous: string | null;
  readonly building: string | null;
  /** The highest number given to a generation so far. */
  readonly last: number;
  /** The highest epoch given so far: none is given twice, in whatever generation. */
  readonly epoch: number;
  readonly switching: { readonly id: string; readonly to: string; readonly untilMs: number } | null;
  /** Id of the last switch that was made. */
  readonly published: string | null;
}

export const FIRST_POINTER: Pointer = {
  current: '1',
  previous: null,
  building: null,
  last: 1,
  epoch: 0,
  switching: null,
  published: null,
};

/** The folder's LMDB environment and its databases. */
export interface Environment {
  readonly root: RootDatabase;
  /** One entry. */
  readonly pointer: Database<Pointer, string>;
  /** Opened if it isn't yet, which must not happen within a transaction. */
  generation(name: string): Databases;
  /** Deletes its databases. */
  remove(name: string): Promise<void>;
}

/** The folder was made for another number of partitions. */
export class PartitionsMismatch extends Error {}

/** For three generations, four each, and for those opened before them. */
const MOST_DATABASES = 256;

export function openEnvironment(dir: string, partitions: number): Environment {
  // With overlappingSync, a machine that goes down could lose commits that were acknowledged.
  const root = open(dir, { maxDbs: MOST_DATABASES, overlappingSync: false });
  const settings = root.openDB<number, string>({ name: 'settings' });
  const stored = settings.get('partitions');
  if (stored === undefined) settings.putSync('partitions', partitions);
  else if (stored !== partitions) {
    void root.close();
    throw new PartitionsMismatch(
      `${dir} holds the state of ${stored} partitions, but ${partitions} are set: the number of a log never changes`,
    );
  }
  const opened = new Map<string, Databases>();
  return {
    root,
    pointer: root.openDB<Pointer, string>({ name: 'generation' }),
    generation(name) {
      const databases = opened.get(name) ?? openDatabases(root, name);
      opened.set(name, databases);
      return databases;
    },
    async remove(name) {
      const { heads, commits, entries } = opened.get(name) ?? openDatabases(root, name);
      opened.delete(name);
      for (const database of [heads, commits, entries.shown, entries.kept]) await database.drop();
    },
  };
}

function openDatabases(root: RootDatabase, generation: string): Databases {
  // The first generation's have the names from before there were others.
  const suffix = generation === FIRST_POINTER.current ? '' : `:${generation}`;
  const entries = { encoding: 'string', keyEncoding: 'binary' } as const;
  return {
    generation,
    heads: root.openDB<PartitionHead, number>({ name: `heads${suffix}` }),
    commits: root.openDB<RememberedCommit, [number, number]>({ name: `commits${suffix}` }),
    entries: {
      shown: root.openDB<string, Buffer>({ name: `shown${suffix}`, ...entries }),
      kept: root.openDB<string, Buffer>({ name: `kept${suffix}`, ...entries }),
    },
  };
}
