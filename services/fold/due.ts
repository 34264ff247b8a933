/**
 * A queue of keys by the time they are due; those due at the same time come in order of key, so that the
 * outcome depends on the log alone. It is a binary heap, so that each record pays only for what is due.
 */
export interface DueQueue {
  readonly dues: Due[];
}

interface Due {
  readonly dueMs: number;
  readonly key: string;
}

export function emptyDueQueue(): DueQueue {
  return { dues: [] };
}

export function pushDue({ dues }: DueQueue, key: string, dueMs: number): void {
  const item = { dueMs, key };
  let at = dues.length;
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = dues[parentAt];
    if (parent === undefined || !isBefore(item, parent)) break;
    dues[at] = parent;
    at = parentAt;
  }
  dues[at] = item;
}

/** Removes the next key that is due by `nowMs`; undefined if there is none. */
export function popDue({ dues }: DueQueue, nowMs: number): string | undefined {
  const top = dues[0];
  if (top === undefined || top.dueMs > nowMs) return undefined;
  const last = dues.pop();
  if (last !== undefined && last !== top) sink(dues, last);
  return top.key;
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.key < b.key);
}

/**
 * Removes from a map what is due by `nowMs`. What has become due later since its key was queued stays and is
 * queued again, so each key need be queued only once, when it enters the map.
 */
export function popAllDue<V>(
  map: Map<string, V>,
  queue: DueQueue,
  nowMs: number,
  dueMsOf: (value: V) => number,
): [string, V][] {
  const due: [string, V][] = [];
  for (let key = popDue(queue, nowMs); key !== undefined; key = popDue(queue, nowMs)) {
    const value = map.get(key);
    if (value === undefined) continue;
    const dueMs = dueMsOf(value);
    if (dueMs > nowMs) {
      pushDue(queue, key, dueMs);
      continue;
    }
    map.delete(key);
    due.push([key, value]);
  }
  return due;
}

function sink(dues: Due[], item: Due): void {
  let at = 0;
  for (;;) {
    let childAt = 2 * at + 1;
    const left = dues[childAt];
    const right = dues[childAt + 1];
    if (left === undefined) break;
    let child = left;
    if (right !== undefined && isBefore(right, left)) {
      child = right;
      childAt++;
    }
    if (!isBefore(child, item)) break;
    dues[at] = child;
    at = childAt;
  }
  dues[at] = item;
}
