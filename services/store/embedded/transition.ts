import type { Acquired, ChangesResult, Commit, CommitResult, Delta, Standing, Version } from '../port';
import type { Databases, LastCommit, PartitionHead } from './database';
import { entryKey, readEntry, storedEntry } from './key';

/**
 * Keys of changed entries remembered for readers, of a partition: those of more commits are forgotten, oldest
 * first.
 */
const REMEMBERED_KEYS = 20_000;
/** Commits remembered for readers, of a partition. */
const REMEMBERED_COMMITS = 2_048;

/** The partition is kept for a switch. */
export interface SealedFor {
  readonly kind: 'sealed';
  readonly id: string;
}

/**
 * Takes over a partition. To be called in a transaction, like commit(): each is a complete state transition.
 * The epoch is the clock in microseconds, so that a folder that was emptied never gives one again.
 * @param breaks whether the seal of that switch is broken
 */
export function acquire(
  { heads, generation }: Databases,
  partition: number,
  epoch: number,
  breaks: (switchId: string) => boolean,
): Acquired | SealedFor {
  const stored = heads.get(partition);
  const sealedFor = stored?.sealedFor;
  if (sealedFor !== undefined && !breaks(sealedFor)) return { kind: 'sealed', id: sealedFor };
  const behind = stored?.behind ?? true;
  const last = stored?.last ?? null;
  heads.putSync(partition, { epoch, behind, last });
  return {
    kind: 'acquired',
    generation,
    epoch,
    counter: last?.counter ?? 0,
    head: last?.head ?? null,
    behind,
  };
}

/** Raises the epoch and keeps new owners away. */
export function seal({ heads }: Databases, partition: number, epoch: number, sealedFor: string): Standing {
  const stored = heads.get(partition);
  const standing = { behind: stored?.behind ?? true, last: stored?.last ?? null };
  heads.putSync(partition, { ...standing, epoch, sealedFor });
  return standingOf(stored);
}

export function standingOf(stored: PartitionHead | undefined): Standing {
  return { behind: stored?.behind ?? true, head: stored?.last?.head ?? null };
}

export function commit(databases: Databases, batch: Commit): CommitResult {
  const { partition, epoch, fromCounter, batchId, head } = batch;
  const stored = databases.heads.get(partition);
  const last = stored?.last ?? null;
  const counter = fromCounter + 1;
  if (last?.epoch === epoch && last.counter === counter && last.batchId === batchId)
    return { kind: 'applied' };
  if (stored?.epoch !== epoch || (last?.counter ?? 0) !== fromCounter) {
    return { kind: 'stale' };
  }

  const keys = writeEntries(databases, batch);
  const changed = (last?.changed ?? 0) + keys.length;
  databases.commits.putSync([partition, counter], { epoch, changed, keys });
  const newest: LastCommit = { epoch, counter, batchId, head, changed };
  databases.heads.putSync(partition, { epoch, behind: batch.behind ?? false, last: newest });
  forget(databases, partition, newest);
  return { kind: 'applied' };
}

/** Returns the keys of shown entries, each once. */
function writeEntries({ entries }: Databases, { partition, changes }: Commit): string[] {
  const shown = new Set<string>();
  for (const { space, key, value } of changes) {
    if (space === 'shown') shown.add(key);
    if (value === null) {
      entries[space].removeSync(entryKey(partition, key));
    } else {
      const stored = storedEntry(partition, key, value);
      entries[space].putSync(stored.key, stored.value);
    }
  }
  return [...shown];
}

/** Drops the oldest commits beyond the limits. */
function forget({ commits }: Databases, partition: number, newest: LastCommit): void {
  const outdated: [number, number][] = [];
  for (const { key, value } of commits.getRange({
    start: [partition, 0],
    end: [partition, newest.counter],
  })) {
    const [, counter] = key;
    const tooMany = newest.changed - value.changed > REMEMBERED_KEYS;
    if (!tooMany && counter > newest.counter - REMEMBERED_COMMITS) break;
    outdated.push(key);
  }
  // Not while iterating over the range: its cursor would skip the entry after a removed one.
  for (const key of outdated) commits.removeSync(key);
}

/** Reads one snapshot: nothing may be awaited here. */
export function changesOf(databases: Databases, partition: number, since: Version | null): ChangesResult {
  const stored = databases.heads.get(partition);
  if (stored?.last == null) return { kind: 'empty' };
  const { behind, last } = stored;
  if (behind) {
    return {
      kind: 'unavailable',
      detail: `partition ${partition} is behind what may have been shown, and catching up`,
    };
  }
  if (since === null) return delta(databases.generation, last, []);
  const base = databases.commits.get([partition, since.counter]);
  if (base?.epoch !== since.epoch) return { kind: 'reload' };
  return delta(databases.generation, last, changedEntries(databases, partition, since, last));
}

function delta(generation: string, { epoch, counter, head }: LastCommit, changes: Delta['changes']): Delta {
  return { kind: 'delta', generation, version: { epoch, counter }, head, changes };
}

function changedEntries(
  { commits, entries }: Databases,
  partition: number,
  since: Version,
  last: LastCommit,
): Delta['changes'] {
  const keys = new Set<string>();
  for (let counter = since.counter + 1; counter <= last.counter; counter++) {
    const remembered = commits.get([partition, counter]);
    if (remembered === undefined)
      throw new Error(`corrupted store: commit ${counter} of ${partition} is missing`);
    for (const key of remembered.keys) keys.add(key);
  }
  return Array.from(keys, (key) => {
    const stored = entryKey(partition, key);
    const value = entries.shown.get(stored);
    return { key, value: value === undefined ? null : readEntry({ key: stored, value }).value };
  });
}
