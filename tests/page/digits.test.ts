/** Numbers written as bytes are those that JavaScript prints. */
import fc from 'fast-check';
import { LONGEST_VALUE, writeUnits } from '../../services/page/digits';
import { formatValue } from '../../services/page/format';
import { depth } from '../support/depth';

function written(units: number, per: number): string {
  const bytes = Buffer.alloc(LONGEST_VALUE, 'x');
  return bytes.toString('latin1', 0, writeUnits(bytes, 0, units, per));
}

const units = fc.oneof(
  fc.nat(10 ** 4),
  fc.nat(),
  fc.maxSafeNat(),
  fc.nat(10 ** 6).map((n) => n * 10 ** 9),
);

test.each([1, 1000, 1_000_000_000])('as units ÷ %i', (per) => {
  fc.assert(
    fc.property(units, (n) => {
      expect(written(n, per)).toBe(formatValue(n / per));
    }),
    { numRuns: depth(5000, 1_000_000) },
  );
});

test.each([
  [0, 1000, '0'],
  [60_000, 1000, '60'],
  [1, 1000, '0.001'],
  [999, 1_000_000_000, '9.99e-7'],
  [1000, 1_000_000_000, '0.000001'],
  [999_999_999_999_999, 1_000_000_000, '999999.999999999'],
  [Number.MAX_SAFE_INTEGER, 1_000_000_000, '9007199.25474099'],
])('%i ÷ %i is %s', (n, per, text) => {
  expect(written(n, per)).toBe(text);
});
