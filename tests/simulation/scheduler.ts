/**
 * Time that passes only when nothing is left to do: each task runs to its end, promises included, before the
 * next one is due. The same seed gives the same run, however busy the machine is.
 */
export interface Scheduler {
  /** ms since the simulation began. */
  now(): number;
  after(ms: number, task: () => void): void;
  /** Runs what is due by then. */
  runUntil(untilMs: number): Promise<void>;
}

interface Task {
  readonly atMs: number;
  /** Tasks of the same moment run in the order in which they were asked for. */
  readonly order: number;
  readonly run: () => void;
}

/**
 * `needsEventLoop`: somebody works in turns of the real event loop, however many: no time passes until that
 * is done.
 */
export function openScheduler(needsEventLoop: () => boolean): Scheduler {
  const heap: Task[] = [];
  let nowMs = 0;
  let order = 0;

  function next(untilMs: number): Task | undefined {
    const [first] = heap;
    return first === undefined || first.atMs > untilMs ? undefined : pop(heap);
  }

  return {
    now: () => nowMs,
    after(ms, run) {
      push(heap, { atMs: nowMs + Math.max(0, ms), order: order++, run });
    },
    runUntil: (untilMs) =>
      new Promise((resolve, reject) => {
        const step = (): void => {
          const task = next(untilMs);
          if (task === undefined) {
            nowMs = untilMs;
            resolve();
            return;
          }
          nowMs = task.atMs;
          try {
            task.run();
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            return;
          }
          // A tick that is asked for by a microtask comes when no microtask is left.
          queueMicrotask(() => process.nextTick(settle));
        };
        const settle = (): void => {
          if (needsEventLoop()) setImmediate(settle);
          else step();
        };
        step();
      }),
  };
}

function isBefore(a: Task, b: Task): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Task[], task: Task): void {
  let at = heap.length;
  while (at > 0) {
    const parent = heap[(at - 1) >> 1]!;
    if (isBefore(parent, task)) break;
    heap[at] = parent;
    at = (at - 1) >> 1;
  }
  heap[at] = task;
}

function pop(heap: Task[]): Task {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (isBefore(last, heap[child]!)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return top;
}
