import { applyEntry, emptyView } from '../view/view';
import type { PartitionView } from '../view/view';
import { decodeFoldHead } from '../view/fold-head';
import { StoreReadError } from '../store/port';
import type { ChangesResult, Delta, StateStore, Version } from '../store/port';

/**
 * This replica's copy of what is committed in the store. One refresh() at a time, and none while a page is written from the views:
 * they are brought up to date in place.
 */
export interface Views {
  /** Everything that was committed before this call is in the answer. */
  refresh(): Promise<Refreshed>;
}

export type Refreshed =
  | {
      readonly kind: 'ready';
      readonly views: readonly PartitionView[];
      readonly versions: readonly Version[];
    }
  | { readonly kind: 'unavailable'; readonly reason: string };

interface Copy {
  readonly view: PartitionView;
  readonly version: Version;
}

/** Loading races with the trimming of changes; after so many lost races the scrape is answered 503. */
const ATTEMPTS = 5;

export function openViews(store: StateStore): Views {
  const copies: (Copy | null)[] = Array.from({ length: store.partitions }, () => null);

  /** True where every copy is now at one version that was read in this round. */
  async function advanceAll(answers: readonly ChangesResult[]): Promise<boolean> {
    let isCurrent = true;
    for (const [partition, answer] of answers.entries()) {
      const copy = copies[partition] ?? null;
      if (answer.kind === 'delta' && copy !== null) {
        copies[partition] = applyDelta(copy.view, answer);
        continue;
      }
      // What load() reads is of no one version; the changes since the head that was read before it bring it to one.
      copies[partition] = answer.kind === 'delta' ? await loadCopy(store, partition, answer) : null;
      isCurrent = false;
    }
    return isCurrent;
  }

  async function readAll(): Promise<Refreshed> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answers = await store.changesSince(copies.map((copy) => copy?.version ?? null));
      const reason = answers.map(refusalOf).find((refusal) => refusal !== undefined);
      if (reason !== undefined) return { kind: 'unavailable', reason };
      if (await advanceAll(answers)) return ready(copies.filter((copy) => copy !== null));
    }
    return { kind: 'unavailable', reason: 'the state changes faster than it can be loaded' };
  }

  return {
    async refresh() {
      try {
        return await readAll();
      } catch (error) {
        if (error instanceof StoreReadError) return { kind: 'unavailable', reason: error.message };
        throw error;
      }
    },
  };
}

async function loadCopy(store: StateStore, partition: number, delta: Delta): Promise<Copy> {
  const view = emptyView();
  for await (const entries of store.load(partition, 'shown', delta.generation)) {
    for (const { key, value } of entries) applyEntry(view, key, value);
  }
  return applyDelta(view, delta);
}

function applyDelta(view: PartitionView, { changes, head, version }: Delta): Copy {
  for (const { key, value } of changes) applyEntry(view, key, value);
  view.pageTimeMs = head.pageTimeMs;
  view.newestTakenMs = decodeFoldHead(head.fold).scalars.newestTakenMs;
  return { view, version };
}

function ready(copies: readonly Copy[]): Refreshed {
  return {
    kind: 'ready',
    views: copies.map(({ view }) => view),
    versions: copies.map(({ version }) => version),
  };
}

function refusalOf(answer: ChangesResult, partition: number): string | undefined {
  switch (answer.kind) {
    case 'unavailable':
      return answer.detail;
    case 'empty':
      return `partition ${String(partition)} has no state yet: no aggregator has taken it over`;
    case 'delta': {
      const { diverged } = decodeFoldHead(answer.head.fold).marks;
      return diverged && `partition ${String(partition)} is diverged: ${diverged}. Run: fleetmeter replay`;
    }
    case 'reload':
      return undefined;
  }
}
