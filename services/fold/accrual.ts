/**
 * A quantity that accrues over time at a piecewise constant, whole rate per millisecond: the exact area under
 * the rate up to any moment. Money accrues in nano-dollars an hour x ms, time in ms.
 */
export interface Accrual {
  /** When the rate changes, ascending; nothing accrues before the first change. */
  readonly startsMs: readonly number[];
  /** From startsMs[i] on: a safe integer of at most 10^15. */
  readonly rates: readonly number[];
  /** The area before startsMs[i]. */
  readonly areas: readonly bigint[];
}

/** Nothing accrues, ever. */
export const NO_ACCRUAL: Accrual = { startsMs: [], rates: [], areas: [] };

/** From `fromMs` (not before the last change) on the rate is another one. */
export function changeRate(accrual: Accrual, fromMs: number, rate: number): Accrual {
  const { startsMs, rates, areas } = accrual;
  const last = startsMs.length - 1;
  if (rate === (last < 0 ? 0 : rates[last])) return accrual;
  if (last >= 0 && startsMs[last] === fromMs) return { ...accrual, rates: rates.with(last, rate) };
  return {
    startsMs: [...startsMs, fromMs],
    rates: [...rates, rate],
    areas: [...areas, areaAt(accrual, fromMs)],
  };
}

/** The area up to a moment. Most moments asked for are after the last change, so the search begins there. */
export function areaAt(accrual: Accrual, atMs: number): bigint {
  for (let i = accrual.startsMs.length - 1; i >= 0; i--) {
    const startMs = accrual.startsMs[i] ?? 0;
    if (startMs > atMs) continue;
    return (accrual.areas[i] ?? 0n) + product(accrual.rates[i] ?? 0, atMs - startMs);
  }
  return 0n;
}

/**
 * Multiplies two safe integers exactly. Most products of small fleets fit into a double, which is several
 * times faster.
 */
function product(a: number, b: number): bigint {
  const doubles = a * b;
  return doubles <= Number.MAX_SAFE_INTEGER ? BigInt(doubles) : BigInt(a) * BigInt(b);
}

/** Forgets all but the current rate, which is enough to continue from `atMs`. */
export function lastOf(accrual: Accrual, atMs: number): Accrual {
  const rate = accrual.rates.at(-1);
  if (rate === undefined) return NO_ACCRUAL;
  return { startsMs: [atMs], rates: [rate], areas: [areaAt(accrual, atMs)] };
}
