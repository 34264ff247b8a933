import type { Batch } from '../../../services/log/kafka/batch';
import { readable } from '../../../services/log/kafka/cursor';

const COMMIT = { isControl: true, isTransactional: true };

function batch(
  baseOffset: number,
  producerId: bigint,
  kind: Partial<Batch> = { isTransactional: true },
): Batch {
  return {
    baseOffset,
    nextOffset: baseOffset + 1,
    firstTimestampMs: 0,
    maxTimestampMs: 0,
    isAppendTime: true,
    isTransactional: false,
    isControl: false,
    producerId,
    codec: 0,
    count: 1,
    records: Buffer.from('x'),
    ...kind,
  };
}

function shown(batches: readonly Batch[], aborted: { producerId: bigint; firstOffset: number }[]): number[] {
  return [...readable(batches, aborted)].filter(({ count }) => count > 0).map(({ baseOffset }) => baseOffset);
}

test('an aborted transaction hides what its producer wrote up to its marker, and nothing else', () => {
  const batches = [
    batch(0, 1n), // committed before
    batch(1, 1n, COMMIT),
    batch(2, 1n), // aborted
    batch(3, 2n), // another producer's, committed
    batch(4, -1n, {}), // no transaction
    batch(5, 1n), // aborted
    batch(6, 1n, COMMIT), // its abort marker
    batch(7, 1n), // committed after
    batch(8, 2n, COMMIT),
    batch(9, 1n, COMMIT),
  ];
  expect(shown(batches, [{ producerId: 1n, firstOffset: 2 }])).toEqual([0, 3, 4, 7]);
});

test('all batches go by, so that the position passes what is hidden', () => {
  const batches = [batch(0, 1n), batch(1, 1n, COMMIT)];
  expect(
    [...readable(batches, [{ producerId: 1n, firstOffset: 0 }])].map(({ nextOffset }) => nextOffset),
  ).toEqual([1, 2]);
});

test('a producer that aborts twice is hidden twice, in whichever order the broker lists it', () => {
  const batches = [batch(0, 7n), batch(1, 7n, COMMIT), batch(2, 7n), batch(3, 7n, COMMIT), batch(4, 7n)];
  const aborted = [
    { producerId: 7n, firstOffset: 2 },
    { producerId: 7n, firstOffset: 0 },
  ];
  expect(shown(batches, aborted)).toEqual([4]);
});
