import type { Growth } from './family';

/**
 * A growth from its last change of rate on, in doubles: the same as growthAt() to the unit, without a BigInt.
 * The area and the rate are split into the quotients and the remainders of the division, and the time into
 * multiples of the denominator and the rest, so that all products stay below 2^53:
 *
 *     ⌊(area + rate × ms) × numerator ÷ denominator⌋ =
 *       whole + wholeRate × ms + restRate × multiple + ⌊(rest + restRate × remainder) ÷ denominator⌋
 *
 * The last quotient is exact although it is a quotient of doubles: a whole number below 2^53 that is not a
 * multiple of the denominator is further from the next multiple than rounding can reach.
 */
export type Linear = readonly [
  fromMs: number,
  whole: number,
  wholeRate: number,
  rest: number,
  restRate: number,
  denominator: number,
];

/** So many numbers say it. */
export const LINEAR_NUMBERS = 6;

/** Never used: growthAt() is used instead. */
export const NO_LINEAR: Linear = [Infinity, 0, 0, 0, 0, 1];

export function linearOf({ accrual, numerator, denominator }: Growth): Linear {
  const last = accrual.startsMs.length - 1;
  const fromMs = accrual.startsMs[last];
  if (fromMs === undefined) return NO_LINEAR;
  const area = (accrual.areas[last] ?? 0n) * numerator;
  const rate = BigInt(accrual.rates[last] ?? 0) * numerator;
  const [whole, wholeRate] = [Number(area / denominator), Number(rate / denominator)];
  const isExact = [whole, wholeRate, Number(denominator)].every(Number.isSafeInteger);
  if (!isExact) return NO_LINEAR;
  return [
    fromMs,
    whole,
    wholeRate,
    Number(area % denominator),
    Number(rate % denominator),
    Number(denominator),
  ];
}

/**
 * Whole units, as growthAt() has them, of numbers that stand in a row from `at` on. -1 before the last change
 * of rate, where they are more than a double holds, and of what is no number.
 */
export function unitsAt(row: ArrayLike<number>, at: number, atMs: number): number {
  const ms = atMs - (row[at] ?? 0);
  if (!(ms >= 0)) return -1;
  const denominator = row[at + 5] ?? 1;
  const restRate = row[at + 4] ?? 0;
  const multiple = Math.floor(ms / denominator);
  const product = (row[at + 3] ?? 0) + restRate * (ms - multiple * denominator);
  const units =
    (row[at + 1] ?? 0) + (row[at + 2] ?? 0) * ms + restRate * multiple + Math.floor(product / denominator);
  return product <= Number.MAX_SAFE_INTEGER && units <= Number.MAX_SAFE_INTEGER ? units : -1;
}
