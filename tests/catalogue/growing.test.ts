import fc from 'fast-check';
import { growthAt, type Growth } from '../../services/catalogue/family';
import { addGrowing, emptyGrowingSum, grownAt, removeGrowing } from '../../services/catalogue/growing';

const T0 = Date.UTC(2026, 10, 24, 8);

const growth: fc.Arbitrary<Growth> = fc
  .record({
    startMs: fc.integer({ min: T0 - 1000, max: T0 + 1000 }),
    rate: fc.oneof(fc.nat(10), fc.nat(10 ** 9), fc.constant(10 ** 15)),
    denominator: fc.constantFrom(1n, 7n, 3_600_000n),
  })
  .map(({ startMs, rate, denominator }) => ({
    accrual: { startsMs: [startMs], rates: [rate], areas: [0n] },
    numerator: 1n,
    denominator,
  }));

test('the sum is that of the growths that are in it, at any moment, whatever came and went', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    to: fc.option(growth),
    afterMs: fc.nat(10 ** 7),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const sum = emptyGrowingSum();
      const all = new Map<string, Growth>();
      for (const { key, to, afterMs } of steps) {
        if (to === null) {
          removeGrowing(sum, key);
          all.delete(key);
        } else {
          addGrowing(sum, key, to);
          all.set(key, to);
        }
        const atMs = T0 - 2000 + afterMs;
        const expected = [...all.values()].reduce((total, one) => total + growthAt(one, atMs), 0n);
        expect(grownAt(sum, atMs)).toBe(expected);
        // Once more: what it was made of is kept now.
        expect(grownAt(sum, atMs)).toBe(expected);
      }
    }),
  );
});
