/**
 * What will happen, in order of time; acts of the same millisecond in the order in which they were planned.
 */
export interface Schedule {
  plan(timeMs: number, act: () => void): void;
  /** Takes the next act, or null if its time is past `endMs` or nothing is planned. */
  next(endMs: number): Act | null;
}

export interface Act {
  readonly timeMs: number;
  readonly turn: number;
  readonly act: () => void;
}

const before = (a: Act, b: Act): boolean => a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.turn < b.turn);

/** A binary heap: the child of i are 2i + 1 and 2i + 2, and no child is before its parent. */
export function openSchedule(): Schedule {
  const heap: Act[] = [];
  let turns = 0;

  function rise(act: Act): void {
    let hole = heap.length;
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !before(act, parent)) break;
      heap[hole] = parent;
      hole = above;
    }
    heap[hole] = act;
  }

  function sink(act: Act): void {
    let hole = 0;
    for (;;) {
      let below = 2 * hole + 1;
      let child = heap[below];
      const other = heap[below + 1];
      if (child !== undefined && other !== undefined && before(other, child)) {
        below += 1;
        child = other;
      }
      if (child === undefined || !before(child, act)) break;
      heap[hole] = child;
      hole = below;
    }
    heap[hole] = act;
  }

  return {
    plan: (timeMs, act) => rise({ timeMs, turn: turns++, act }),
    next(endMs) {
      const first = heap[0];
      if (first === undefined || first.timeMs > endMs) return null;
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) sink(last);
      return first;
    },
  };
}
