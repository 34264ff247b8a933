import { decodeFoldHead } from '../view/fold-head';
import { applyEntry, emptyView } from '../view/view';
import type { PartitionView } from '../view/view';
import type { Delta, Head, StateStore, Version } from '../store/port';
import { ReplayStopped } from './stopped';

/** A partition of a store as it was at one version. */
export interface Snapshot {
  readonly view: PartitionView;
  readonly head: Head;
  readonly generation: string;
  readonly version: Version;
}

/** Loading races with the trimming of changes. */
const ATTEMPTS = 5;

/**
 * Each partition at one version that was committed after this call began, brought on from what was read of it before; null where nothing
 * was ever committed.
 */
export async function readSnapshots(
  store: StateStore,
  before: readonly (Snapshot | null)[],
): Promise<(Snapshot | null)[]> {
  const snapshots = [...before];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    let isCurrent = true;
    const answers = await store.changesSince(snapshots.map((snapshot) => snapshot?.version ?? null));
    for (const [partition, answer] of answers.entries()) {
      if (answer.kind === 'unavailable') throw new ReplayStopped('away', answer.detail);
      const known = snapshots[partition] ?? null;
      if (answer.kind === 'delta' && known !== null) {
        snapshots[partition] = advance(known.view, answer);
        continue;
      }
      snapshots[partition] = answer.kind === 'delta' ? await loadAll(store, partition, answer) : null;
      if (answer.kind !== 'empty') isCurrent = false;
    }
    if (isCurrent) return snapshots;
  }
  throw new ReplayStopped('away', 'the state changes faster than it can be read');
}

/** What is loaded is of no one version; the changes since the head that was read before bring it to one. */
async function loadAll(store: StateStore, partition: number, delta: Delta): Promise<Snapshot> {
  const view = emptyView();
  for await (const entries of store.load(partition, 'shown', delta.generation)) {
    for (const { key, value } of entries) applyEntry(view, key, value);
  }
  return advance(view, delta);
}

function advance(view: PartitionView, { generation, version, head, changes }: Delta): Snapshot {
  for (const { key, value } of changes) applyEntry(view, key, value);
  view.pageTimeMs = head.pageTimeMs;
  view.newestTakenMs = decodeFoldHead(head.fold).scalars.newestTakenMs;
  return { view, head, generation, version };
}
