/**
 * A queue of keys by when they are due, and of those that are due at once by key, so that what comes of it depends on the log alone: a
 * binary heap, so that each record pays for what is due and for nothing else.
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

/** The next key that is due by `nowMs`, removed; undefined where none is. */
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
 * Takes out of a map what is due by `nowMs`. What has become due later since its key was queued waits on, so that each key needs to be
 * queued once, when it comes into the map.
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
