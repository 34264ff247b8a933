import { StoreReadError } from '../store/port';
import type { ChangesResult, StateStore, Version } from '../store/port';
import { decodeFoldHead, familiesMismatch, versionMismatch } from '../view/fold-head';
import { refreshReplicas } from '../view/replica';
import type { Replica } from '../view/replica';
import type { PartitionView } from '../view/view';

/**
 * This process's views of what is committed in the store. One refresh() at a time, and none while a page is
 * written from the views: they are brought up to date in place.
 */
export interface Views {
  /** Everything committed before this call is in the answer. */
  refresh(): Promise<Refreshed>;
}

export type Refreshed =
  | {
      readonly kind: 'ready';
      readonly views: readonly PartitionView[];
      readonly versions: readonly Version[];
    }
  | { readonly kind: 'unavailable'; readonly reason: string };

export function openViews(store: StateStore): Views {
  const replicas: (Replica | null)[] = Array.from({ length: store.partitions }, () => null);
  return {
    async refresh() {
      try {
        const result = await refreshReplicas(store, replicas, refusalOf);
        if (result.kind === 'unavailable') return { kind: 'unavailable', reason: result.detail };
      } catch (error) {
        if (error instanceof StoreReadError) return { kind: 'unavailable', reason: error.message };
        throw error;
      }
      const all = replicas.filter((replica) => replica !== null);
      return {
        kind: 'ready',
        views: all.map(({ view }) => view),
        versions: all.map(({ version }) => version),
      };
    },
  };
}

function refusalOf(answer: ChangesResult, partition: number): string | undefined {
  if (answer.kind === 'empty')
    return `partition ${String(partition)} has no state yet: no aggregator has taken it over`;
  if (answer.kind !== 'delta') return undefined;
  const head = decodeFoldHead(answer.head.fold);
  const name = `partition ${String(partition)}`;
  const { diverged } = head.marks;
  if (diverged !== undefined) return `${name} is diverged: ${diverged}. Run: fleetmeter replay`;
  const mismatch = versionMismatch(head) ?? familiesMismatch(head);
  return mismatch && `the state of ${name} can't be shown: ${mismatch}. Run: fleetmeter replay`;
}
