interface Node {
  readonly next: Map<string, Node>;
  labels?: readonly string[];
}

/**
 * Label values come from outside, and a series can vanish with the entity that had it: how many are
 * remembered is bounded.
 */
const MOST_SHARED = 100_000;

let root: Node = { next: new Map() };
let shared = 0;

/**
 * The same array for the same label values, as long as it is remembered: nothing may depend on that. Many
 * entities share a sum's labels: otherwise each of them would keep a dozen arrays of its own and compute the
 * key of each (see seriesKey()).
 */
export function sharedLabels(labels: readonly string[]): readonly string[] {
  let node = root;
  for (const value of labels) {
    let next = node.next.get(value);
    if (next === undefined) {
      next = { next: new Map() };
      node.next.set(value, next);
    }
    node = next;
  }
  if (node.labels === undefined) {
    node.labels = labels;
    shared++;
  }
  if (shared > MOST_SHARED) {
    root = { next: new Map() };
    shared = 0;
  }
  return node.labels;
}
