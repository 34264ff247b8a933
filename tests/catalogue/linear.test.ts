/** Growth in doubles gives what growth in BigInts gives, or says that it can't. */
import fc from 'fast-check';
import { growthAt, timeSince, type Growth } from '../../services/catalogue/family';
import { linearOf, unitsAt } from '../../services/catalogue/linear';
import { NO_ACCRUAL, changeRate } from '../../services/fold/accrual';
import { depth } from '../support/depth';

const T0 = Date.UTC(2026, 10, 24, 8);

const growth: fc.Arbitrary<Growth> = fc
  .record({
    changes: fc.array(fc.tuple(fc.nat(10 ** 9), fc.oneof(fc.nat(1000), fc.nat(10 ** 12), fc.maxSafeNat())), {
      maxLength: 4,
    }),
    numerator: fc.constantFrom(1n, 2n, 7n, 64n),
    denominator: fc.constantFrom(1n, 3_600_000n, 7_200_000n, 3_600_000n * 127n),
  })
  .map(({ changes, numerator, denominator }) => {
    let accrual = NO_ACCRUAL;
    let atMs = T0;
    for (const [afterMs, rate] of changes)
      accrual = changeRate(accrual, (atMs += afterMs), Math.min(rate, 1e15));
    return { accrual, numerator, denominator };
  });

test('doubles give the same whole units as BigInts at any moment, or none', () => {
  let given = 0;
  fc.assert(
    fc.property(growth, fc.nat(10 ** 11), (of, afterMs) => {
      const atMs = T0 + afterMs;
      const units = unitsAt(linearOf(of), 0, atMs);
      if (units < 0) return;
      given++;
      expect(BigInt(units)).toBe(growthAt(of, atMs));
    }),
    { numRuns: depth(2000, 100_000) },
  );
  expect(given).toBeGreaterThan(100);
});

test('an hour at the price of eight GPUs is given for ten years', () => {
  const price = { startsMs: [T0], rates: [98_320_000_000], areas: [0n] };
  const cost = linearOf({ accrual: price, numerator: 1n, denominator: 3_600_000n });
  for (const years of [0, 1, 10]) {
    const atMs = T0 + years * 365 * 86_400_000;
    expect(unitsAt(cost, 0, atMs)).toBe(Number((98_320_000_000n * BigInt(atMs - T0)) / 3_600_000n));
  }
});

test('before the last change of rate none is given', () => {
  expect(unitsAt(linearOf(timeSince(T0)), 0, T0 - 1)).toBe(-1);
  expect(unitsAt(linearOf(timeSince(T0)), 0, T0)).toBe(0);
});
