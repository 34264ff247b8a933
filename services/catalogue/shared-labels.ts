interface Node {
  readonly next: Map<string, Node>;
  labels?: readonly string[];
}

const root: Node = { next: new Map() };

/**
 * The same array for the same label values. A sum's labels are borne by many entities: without this each of them would keep a dozen
 * arrays of its own, and write the key of each anew (see seriesKey()). Nothing is ever dropped: a sum's series is shown for good.
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
  return (node.labels ??= labels);
}
