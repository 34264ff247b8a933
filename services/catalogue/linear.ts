import type { Growth } from './family';

/**
 * A growth as it is from its last change of rate on, in doubles: growthAt() to the unit, without a BigInt. Of area and rate, the whole
 * parts and the remainders of the division are kept apart, and of the time what is a multiple of the denominator, so that all products
 * stay below 2^53:
 *
 *     ⌊(area + rate × ms) × numerator ÷ denominator⌋ =
 *       whole + wholeRate × ms + restRate × multiple + ⌊(rest + restRate × remainder) ÷ denominator⌋
 *
 * The last quotient is exact though it is one of doubles: a whole number below 2^53 that is not a multiple of the denominator is
 * further from the next multiple than rounding reaches.
 */
export type Linear = readonly [
  fromMs: number,
  whole: number,
  wholeRate: number,
  rest: number,
  restRate: number,
  denominator: number,
];

/** Never asked of: growthAt() is. */
const NONE: Linear = [Infinity, 0, 0, 0, 0, 1];

export function linearOf({ accrual, numerator, denominator }: Growth): Linear {
  const last = accrual.startsMs.length - 1;
  const fromMs = accrual.startsMs[last];
  if (fromMs === undefined) return NONE;
  const area = (accrual.areas[last] ?? 0n) * numerator;
  const rate = BigInt(accrual.rates[last] ?? 0) * numerator;
  const [whole, wholeRate] = [Number(area / denominator), Number(rate / denominator)];
  const isExact = [whole, wholeRate, Number(denominator)].every(Number.isSafeInteger);
  if (!isExact) return NONE;
  return [
    fromMs,
    whole,
    wholeRate,
    Number(area % denominator),
    Number(rate % denominator),
    Number(denominator),
  ];
}

/** Whole units, as growthAt() has them; undefined before its last change of rate, or where they are more than a double holds. */
export function linearAt(linear: Linear, atMs: number): number | undefined {
  const [fromMs, whole, wholeRate, rest, restRate, denominator] = linear;
  const ms = atMs - fromMs;
  if (ms < 0) return undefined;
  const multiple = Math.floor(ms / denominator);
  const product = rest + restRate * (ms - multiple * denominator);
  const units = whole + wholeRate * ms + restRate * multiple + Math.floor(product / denominator);
  return product <= Number.MAX_SAFE_INTEGER && units <= Number.MAX_SAFE_INTEGER ? units : undefined;
}
