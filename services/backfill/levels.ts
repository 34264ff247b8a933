/**
 * A whole number at each step of a span, kept as what it grows by from one step to the next: what does not change costs nothing.
 * Exact, however large.
 */
export interface Levels {
  /** From this step on, the level is so much higher. */
  add(step: number, amount: bigint): void;
  /** How much higher the level is at this step than at the one before. */
  growthAt(step: number): bigint;
}

/** Steps that are kept together; memory is taken for those in which anything changes. */
const BLOCK = 256;

export function openLevels(): Levels {
  const blocks = new Map<number, BigInt64Array>();
  /** Of the steps whose growth is out of a cell's range: how many times 2^64 it is beyond it. */
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
