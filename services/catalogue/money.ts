import type { Accrual } from '../fold/accrual';
import type { Growth } from './family';

/** Nano-dollars in a dollar. */
export const NANO = 1_000_000_000;

/** An hour's price x ms makes 3,600,000 of the price. */
export const MS_PER_HOUR = 3_600_000n;

/** The cost that has accrued, or a share of it, in nano-dollars. */
export function costOf(accrual: Accrual, share = { used: 1, total: 1 }): Growth {
  return { accrual, numerator: BigInt(share.used), denominator: MS_PER_HOUR * BigInt(share.total) };
}
