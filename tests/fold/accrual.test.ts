import fc from 'fast-check';
import { NO_ACCRUAL, areaAt, changeRate, lastOf, type Accrual } from '../../services/fold/accrual';

interface Change {
  readonly fromMs: number;
  readonly rate: number;
}

/** Rates up to what a price can be, at times that collide. */
const changes = fc
  .array(
    fc.record({
      fromMs: fc.integer({ min: 0, max: 40 }),
      rate: fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 10 ** 15 })),
    }),
    { maxLength: 30 },
  )
  .map((list) => list.sort((a, b) => a.fromMs - b.fromMs));

function accrualOf(list: readonly Change[], from = NO_ACCRUAL): Accrual {
  return list.reduce((accrual, { fromMs, rate }) => changeRate(accrual, fromMs, rate), from);
}

/** Millisecond by millisecond. */
function bruteArea(list: readonly Change[], atMs: number): bigint {
  let area = 0n;
  for (let ms = 0; ms < atMs; ms++) area += BigInt(list.findLast(({ fromMs }) => fromMs <= ms)?.rate ?? 0);
  return area;
}

test('the area is the sum of the rates of all milliseconds, at any moment', () => {
  fc.assert(
    fc.property(changes, (list) => {
      const accrual = accrualOf(list);
      for (const atMs of [-5, 0, 1, 7, 20, 39, 40, 41, 60]) {
        expect(areaAt(accrual, atMs)).toBe(bruteArea(list, atMs));
      }
    }),
  );
});

test('products beyond 2^53 are exact', () => {
  const accrual = accrualOf([{ fromMs: 1, rate: 999_999_999_999_999 }]);
  expect(areaAt(accrual, 1_795_509_000_001)).toBe(999_999_999_999_999n * 1_795_509_000_000n);
});

test('an accrual that has forgotten its past goes on as if it had not', () => {
  fc.assert(
    fc.property(changes, fc.nat({ max: 30 }), (list, count) => {
      const before = list.slice(0, count);
      const cutMs = before.at(-1)?.fromMs ?? 0;
      const compacted = accrualOf(list.slice(count), lastOf(accrualOf(before), cutMs));
      for (const atMs of [cutMs, cutMs + 1, 41, 50]) {
        if (atMs >= cutMs) expect(areaAt(compacted, atMs)).toBe(bruteArea(list, atMs));
      }
    }),
  );
});

test('a rate that stays takes no place', () => {
  const accrual = accrualOf([0, 5, 9].map((fromMs) => ({ fromMs, rate: 7 })));
  expect(accrual).toEqual({ startsMs: [0], rates: [7], areas: [0n] });
});
