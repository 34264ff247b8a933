import fc from 'fast-check';
import {
  cumulate,
  growthAt,
  histogramParts,
  isSameGrowth,
  timeSince,
  toDouble,
} from '../../services/catalogue/family';

/** A finite double as numerator ÷ 2^shift, exactly. */
function rational(double: number): { n: bigint; shift: bigint } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, double);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & ((1n << 52n) - 1n);
  const mantissa = exponent === 0n ? fraction : fraction | (1n << 52n);
  const sign = bits >> 63n === 0n ? 1n : -1n;
  return { n: sign * mantissa, shift: 1075n - (exponent === 0n ? 1n : exponent) };
}

/** |double − units ÷ per|, times a factor that is the same for all doubles. */
function distance(double: number, units: bigint, per: bigint): bigint {
  const { n, shift } = rational(double);
  const difference = (n << (1100n - shift)) * per - (units << 1100n);
  return difference < 0n ? -difference : difference;
}

/** The next double above, and below. */
function neighbours(double: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, double);
  const bits = view.getBigInt64(0);
  return [1n, -1n].map((step) => {
    view.setBigInt64(0, bits + step);
    return view.getFloat64(0);
  });
}

describe('toDouble', () => {
  const units = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 53n + 1000n }),
    fc.bigInt({ min: 2n ** 53n - 1000n, max: 2n ** 90n }),
  );

  test('is the double nearest to units ÷ per', () => {
    fc.assert(
      fc.property(units, fc.constantFrom(1, 1000, 1_000_000_000), fc.boolean(), (size, per, negative) => {
        const amount = negative ? -size : size;
        const double = toDouble(amount, per);
        fc.pre(double !== 0 || amount !== 0n);
        const nearest = distance(double, amount, BigInt(per));
        for (const other of neighbours(double))
          expect(distance(other, amount, BigInt(per)) >= nearest).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    [1n, 1000, 0.001],
    [98_320_000_000n, 1_000_000_000, 98.32],
    [2n ** 53n + 1n, 1, 2 ** 53],
    [9_007_199_254_740_993_000n, 1000, 9007199254740992],
    [-12_345_678_901_234_567_890n, 1_000_000_000, -12345678901.234568],
  ])('%p ÷ %p', (amount, per, double) => {
    expect(toDouble(amount, per)).toBe(double);
  });
});

test('a growth is divided once, after the sum, and rounded down', () => {
  const accrual = { startsMs: [0, 10], rates: [7, 0], areas: [0n, 70n] };
  const growth = { accrual, numerator: 2n, denominator: 3n };
  expect([0, 1, 2, 3, 10, 99].map((atMs) => growthAt(growth, atMs))).toEqual([0n, 4n, 9n, 14n, 46n, 46n]);
});

test('time since a start is never negative', () => {
  expect([99, 100, 101].map((atMs) => growthAt(timeSince(100), atMs))).toEqual([0n, 0n, 1n]);
});

test('a histogram counts each observation up to its bound, and adds up milliseconds; negative ones are 0', () => {
  const bounds = [1, 2.5, 60];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5000, max: 100_000 })), (observed) => {
      const ms = observed.map((each) => Math.max(0, each));
      const cumulative = cumulate(histogramParts(bounds, observed));
      expect(cumulative).toEqual([
        ...bounds.map((bound) => BigInt(ms.filter((each) => each <= bound * 1000).length)),
        BigInt(ms.length),
        BigInt(ms.reduce((sum, each) => sum + each, 0)),
      ]);
    }),
  );
  expect(histogramParts(bounds, [1000, 1001, 2500, 60_001])).toEqual([1n, 2n, 0n, 1n, 64_502n]);
});

test('growths are the same only if nothing in them differs', () => {
  const growth = {
    accrual: { startsMs: [1000, 2000], rates: [5, 7], areas: [0n, 5000n] },
    numerator: 1n,
    denominator: 3n,
  };
  const { accrual } = growth;
  expect(isSameGrowth(growth, structuredClone(growth))).toBe(true);
  for (const other of [
    { ...growth, numerator: 2n },
    { ...growth, denominator: 2n },
    { ...growth, accrual: { ...accrual, startsMs: [1000, 2001] } },
    { ...growth, accrual: { ...accrual, rates: [5, 8] } },
    { ...growth, accrual: { ...accrual, areas: [0n, 5001n] } },
    { ...growth, accrual: { startsMs: [1000], rates: [5], areas: [0n] } },
  ]) {
    expect(isSameGrowth(growth, other)).toBe(false);
    expect(isSameGrowth(other, growth)).toBe(false);
  }
});
