import type { Changes } from './changes';
import type { Noticed } from './context';
import { PACES, waitAfter } from './pace';

/** What is read when: what events tell, to the end; then, if it is due, a list of everything alive. */
export interface Turns {
  next(): 'changes' | 'relist';
  /** A list of everything begins. If it fails, what events tell must not wait for it. */
  beginRelist(): void;
  /** @param busyMs how long the server took for it; returns how long to wait */
  endChanges(changes: Changes, busyMs: number): number;
  endRelist(changes: Changes, told: RelistTold, busyMs: number): number;
}

interface RelistTold {
  /** Facts that no event has told. */
  readonly vouched: Noticed['vouched'];
  /** Whether dstack has any events at all. */
  readonly hasEvents: boolean;
}

const RELIST_AGAIN_MS = 60_000;

export function openTurns(now: () => number): Turns {
  let relistAtMs = -Infinity;
  /** Until events have been read to the end: a list would find what they are about to explain. */
  let isBehind = true;
  /** Whether changes are told by events; if a relist finds something that none has told, they aren't. */
  let areTold = true;
  let eventsSinceRelist = 0;

  const isRelistDue = (): boolean => now() >= relistAtMs;

  function note({ events, isWhole }: Changes): void {
    isBehind = !isWhole;
    eventsSinceRelist += events;
    if (events > 0) areTold = true;
  }

  function wait(busyMs: number): number {
    return isBehind || isRelistDue() ? 0 : waitAfter(PACES.changes, busyMs);
  }

  return {
    next: () => (isBehind || !isRelistDue() ? 'changes' : 'relist'),
    beginRelist() {
      relistAtMs = now() + RELIST_AGAIN_MS;
    },
    endChanges(changes, busyMs) {
      note(changes);
      return wait(busyMs);
    },
    endRelist(changes, { vouched: { run, job, instance }, hasEvents }, busyMs) {
      note(changes);
      const isSilent = eventsSinceRelist === 0 && run + job + instance > 0;
      if (!hasEvents || isSilent) areTold = false;
      eventsSinceRelist = 0;
      relistAtMs = now() + waitAfter(areTold ? PACES.relist : PACES.relistAlone, busyMs);
      return wait(busyMs);
    },
  };
}
