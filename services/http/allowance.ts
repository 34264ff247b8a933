/** How many keys are remembered; beyond, the one that has been quiet longest is forgotten. */
const REMEMBERED = 10_000;

export interface AllowanceRate {
  readonly aSecond: number;
  /** What may be spent at once after a long quiet. */
  readonly atOnce: number;
}

/** What each key (an address, a token's name) may spend: token buckets. */
export interface Allowances {
  /** Spends that much of it, or what is left; false: there wasn't enough. */
  spend(key: string, amount: number): boolean;
  /** Whether anything is left. */
  hasLeft(key: string): boolean;
}

export function openAllowances({ aSecond, atOnce }: AllowanceRate, now: () => number): Allowances {
  const buckets = new Map<string, { left: number; atMs: number }>();
  const leftOf = (key: string, atMs: number): number => {
    const before = buckets.get(key);
    if (before === undefined) return atOnce;
    // A clock set back takes nothing away.
    const quietMs = Math.max(0, atMs - before.atMs);
    return Math.min(atOnce, before.left + (quietMs / 1000) * aSecond);
  };
  return {
    spend(key, amount) {
      const atMs = now();
      const left = leftOf(key, atMs);
      buckets.delete(key);
      buckets.set(key, { left: Math.max(0, left - amount), atMs });
      for (const oldest of buckets.keys()) {
        if (buckets.size <= REMEMBERED) break;
        buckets.delete(oldest);
      }
      return left >= amount;
    },
    hasLeft: (key) => leftOf(key, now()) >= 1,
  };
}
