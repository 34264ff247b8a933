import fc from 'fast-check';
import { compareOrder, type OrderKey } from '../../events/order';

const key: OrderKey = { timeMs: 5, rank: 1, source: 's', id: 'i' };

test.each<[string, OrderKey, OrderKey]>([
  ['time before all else', { ...key, timeMs: 4, sequence: 'z', rank: 99 }, { ...key, timeMs: 5 }],
  ['no sequence before one', { ...key, rank: 99 }, { ...key, sequence: '0', rank: 0 }],
  ['no sequence before an empty one', key, { ...key, sequence: '' }],
  ['digits before other texts', { ...key, sequence: '99' }, { ...key, sequence: '' }],
  ['digits before what begins with digits', { ...key, sequence: '99' }, { ...key, sequence: '1a' }],
  ['digits before what only looks like them', { ...key, sequence: '9' }, { ...key, sequence: '٣' }],
  ['digits as numbers', { ...key, sequence: '9' }, { ...key, sequence: '10' }],
  ['digits as numbers, with zeros before', { ...key, sequence: '009' }, { ...key, sequence: '10' }],
  [
    'digits that no double holds',
    { ...key, sequence: '9007199254740992' },
    { ...key, sequence: '9007199254740993' },
  ],
  ['texts by UTF-16 units', { ...key, sequence: '\u{1f600}' }, { ...key, sequence: '\uff5e' }],
  ['sequence before rank', { ...key, sequence: '1', rank: 99 }, { ...key, sequence: '2', rank: 0 }],
  ['rank before source', { ...key, rank: 0, source: 'z' }, key],
  ['equal numbers leave it to the rank', { ...key, sequence: '01', rank: 0 }, { ...key, sequence: '1' }],
  ['source before id', { ...key, source: 'r', id: 'z' }, key],
  ['sources by UTF-16 units', { ...key, source: '\u{1f600}' }, { ...key, source: '\uff5e' }],
  ['id at last', { ...key, id: 'h' }, key],
])('%s', (_, earlier, later) => {
  expect(compareOrder(earlier, later)).toBeLessThan(0);
  expect(compareOrder(later, earlier)).toBeGreaterThan(0);
});

test('the same is neither earlier nor later', () => {
  expect(compareOrder(key, { ...key })).toBe(0);
  expect(compareOrder({ ...key, sequence: '00' }, { ...key, sequence: '0' })).toBe(0);
});

test('sequences of digits compare as whole numbers of any size', () => {
  const digits = fc.string({ unit: fc.constantFrom('0', '1', '9'), minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(digits, digits, (a, b) => {
      const expected = BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
      expect(Math.sign(compareOrder({ ...key, sequence: a }, { ...key, sequence: b }))).toBe(expected);
    }),
  );
});

test('it is one order: transitive, whatever is compared', () => {
  const few = fc.record({
    timeMs: fc.constantFrom(1, 2),
    sequence: fc.constantFrom(undefined, '', '1', '01', '10', '2', 'a', '1a'),
    rank: fc.constantFrom(0, 1),
    source: fc.constantFrom('a', 'b'),
    id: fc.constantFrom('a', 'b'),
  });
  fc.assert(
    fc.property(few, few, few, (a, b, c) => {
      const [x, y, z] = [a, b, c].sort(compareOrder) as [OrderKey, OrderKey, OrderKey];
      expect(compareOrder(x, y)).toBeLessThanOrEqual(0);
      expect(compareOrder(y, z)).toBeLessThanOrEqual(0);
      expect(compareOrder(x, z)).toBeLessThanOrEqual(0);
    }),
    { numRuns: 1000 },
  );
});
