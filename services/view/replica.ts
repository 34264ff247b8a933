import type { ChangesResult, Delta, Head, StateStore, StoreUnavailable, Version } from '../store/port';
import { applyEntry } from './entries';
import { decodeFoldHead } from './fold-head';
import { emptyView } from './view';
import type { PartitionView } from './view';

/** A partition as it is committed in a store at one version. */
export interface Replica {
  readonly view: PartitionView;
  readonly head: Head;
  readonly generation: string;
  readonly version: Version;
}

/** Loading races with the trimming of changes. */
const ATTEMPTS = 5;

/**
 * Brings the replicas of all partitions, in place, to versions committed after this call began; null: nothing
 * is known of the partition, or nothing was ever committed of it. Throws StoreReadError if the store goes
 * away while it is being read.
 * @param refusalOf why a partition's committed state must not be shown; undefined: it may be
 */
export async function refreshReplicas(
  store: StateStore,
  replicas: (Replica | null)[],
  refusalOf: (answer: ChangesResult, partition: number) => string | undefined = () => undefined,
): Promise<{ readonly kind: 'current' } | StoreUnavailable> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answers = await store.changesSince(replicas.map((replica) => replica?.version ?? null));
    for (const [partition, answer] of answers.entries()) {
      const detail = answer.kind === 'unavailable' ? answer.detail : refusalOf(answer, partition);
      if (detail !== undefined) return { kind: 'unavailable', detail };
    }
    if (await advanceAll(store, replicas, answers)) return { kind: 'current' };
  }
  return { kind: 'unavailable', detail: 'the state changes faster than it can be read' };
}

/** True if every replica is now at a version that was read in this round. */
async function advanceAll(
  store: StateStore,
  replicas: (Replica | null)[],
  answers: readonly ChangesResult[],
): Promise<boolean> {
  let isCurrent = true;
  for (const [partition, answer] of answers.entries()) {
    const known = replicas[partition] ?? null;
    if (answer.kind === 'delta' && known !== null) {
      replicas[partition] = advance(known.view, answer);
      continue;
    }
    replicas[partition] = answer.kind === 'delta' ? await load(store, partition, answer) : null;
    if (answer.kind !== 'empty') isCurrent = false;
  }
  return isCurrent;
}

/**
 * What is loaded may be of several versions; the changes since the head, which was read before, bring it to
 * one.
 */
async function load(store: StateStore, partition: number, delta: Delta): Promise<Replica> {
  const view = emptyView();
  for await (const entries of store.load(partition, 'shown', delta.generation)) {
    for (const { key, value } of entries) applyEntry(view, key, value);
  }
  return advance(view, delta);
}

function advance(view: PartitionView, { generation, version, head, changes }: Delta): Replica {
  for (const { key, value } of changes) applyEntry(view, key, value);
  view.pageTimeMs = head.pageTimeMs;
  view.newestTakenMs = decodeFoldHead(head.fold).scalars.newestTakenMs;
  return { view, head, generation, version };
}
