/**
 * A whole number at each step of a span, stored as its growth from one step to the next: what doesn't change
 * costs nothing. Exact, however large.
 */
export interface Levels {
  /** From this step on, the level is higher by this amount. */
  add(step: number, amount: bigint): void;
  /** How much higher the level is at this step than at the previous one. */
  growthAt(step: number): bigint;
}

/** Steps that are stored together; only blocks in which anything changes take memory. */
const BLOCK = 256;

export function openLevels(): Levels {
  const blocks = new Map<number, BigInt64Array>();
  /** For steps whose growth exceeds a cell's range: by how many times 2^64. */
  const carries = new Map<number, bigint>();
  return {
    add(step, amount) {
      if (amount === 0n) return;
      const at = Math.floor(step / BLOCK);
      let block = blocks.get(at);
      if (block === undefined) {
        block = new BigInt64Array(BLOCK);
        blocks.set(at, block);
      }
      const sum = (block[step % BLOCK] ?? 0n) + amount;
      const kept = BigInt.asIntN(64, sum);
      block[step % BLOCK] = kept;
      if (kept !== sum) carries.set(step, (carries.get(step) ?? 0n) + ((sum - kept) >> 64n));
    },
    growthAt(step) {
      const kept = blocks.get(Math.floor(step / BLOCK))?.[step % BLOCK] ?? 0n;
      const carry = carries.get(step);
      return carry === undefined ? kept : kept + (carry << 64n);
    },
  };
}
