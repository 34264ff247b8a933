/** How often an address may bear no token or a wrong one: guessing is slow, and costs no more than an answer. */
const A_SECOND = 10;
const AT_ONCE = 100;
/** Addresses that are remembered; beyond, the one that was longest quiet is forgotten. */
const REMEMBERED = 10_000;

/** Failed attempts by address, as token buckets. Who bears a right token is never held up, whoever shares its address. */
export interface Attempts {
  /** Notes one that has failed; false: there were too many. */
  note(address: string): boolean;
}

export function openAttempts(now: () => number): Attempts {
  const buckets = new Map<string, { left: number; atMs: number }>();
  return {
    note(address) {
      const atMs = now();
      const before = buckets.get(address);
      const refilled =
        before === undefined ? AT_ONCE : before.left + ((atMs - before.atMs) / 1000) * A_SECOND;
      const left = Math.min(AT_ONCE, refilled);
      buckets.delete(address);
      buckets.set(address, { left: Math.max(0, left - 1), atMs });
      for (const oldest of buckets.keys()) {
        if (buckets.size <= REMEMBERED) break;
        buckets.delete(oldest);
      }
      return left >= 1;
    },
  };
}
