import fc from 'fast-check';
import { assign } from '../../../services/log/kafka/assigner';

const PARTITIONS = 8;

function members(...held: number[][]): Map<string, number[]> {
  return new Map(held.map((numbers, i) => [`member-${i}`, numbers]));
}

test('partitions stay where they are when a member joins, but for its share', () => {
  const after = assign(members([0, 1, 2, 3], [4, 5, 6, 7], []), PARTITIONS);
  expect(after.get('member-0')).toEqual([0, 1, 2]);
  expect(after.get('member-1')).toEqual([4, 5, 6]);
  expect(after.get('member-2')).toEqual([3, 7]);
});

test('what a member left is shared among those who stay', () => {
  const after = assign(members([0, 1, 2], [3, 7]), PARTITIONS);
  expect(after.get('member-0')).toEqual([0, 1, 2, 4]);
  expect(after.get('member-1')).toEqual([3, 5, 6, 7]);
});

test('each partition has one owner, shares differ by one at most, and what fits stays', () => {
  const numbers = fc.array(fc.integer({ min: -1, max: 20 }), { maxLength: 20 });
  fc.assert(
    fc.property(
      fc.array(numbers, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 16 }),
      (held, count) => {
        const before = members(...held);
        const after = assign(before, count);
        const all = [...after.values()].flat().sort((a, b) => a - b);
        expect(all).toEqual(Array.from({ length: count }, (_, partition) => partition));
        const sizes = [...after.values()].map((owned) => owned.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        // The same members again: nothing moves.
        expect(assign(after, count)).toEqual(after);
      },
    ),
  );
});

test('one that joins gets its share and one that leaves gives its own; nothing else moves', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 64 }),
      fc.nat(),
      (size, count, leaver) => {
        const before = assign(members(...Array.from({ length: size }, () => [])), count);
        const joined = assign(new Map([...before, ['one more', []]]), count);
        expect(moved(before, joined)).toEqual(joined.get('one more'));

        const id = `member-${leaver % size}`;
        const rest = new Map([...before].filter(([member]) => member !== id));
        if (rest.size > 0) expect(moved(before, assign(rest, count))).toEqual(before.get(id));
      },
    ),
  );
});

/** The partitions that have another owner than before. */
function moved(before: ReadonlyMap<string, number[]>, after: ReadonlyMap<string, number[]>): number[] {
  return [...after]
    .flatMap(([id, numbers]) => numbers.filter((partition) => before.get(id)?.includes(partition) !== true))
    .sort((a, b) => a - b);
}
