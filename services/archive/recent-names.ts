/** The last names that were seen, in bounded memory: at least `size` of them, at most twice as many. */
export interface Recent {
  has(name: string): boolean;
  add(name: string): void;
}

export function openRecent(size: number): Recent {
  let older = new Set<string>();
  let newer = new Set<string>();
  return {
    has: (name) => newer.has(name) || older.has(name),
    add(name) {
      newer.add(name);
      if (newer.size < size) return;
      older = newer;
      newer = new Set();
    },
  };
}
