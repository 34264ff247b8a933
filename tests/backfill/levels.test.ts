import { openLevels } from '../../services/backfill/levels';

test('exact beyond 64 bits, up and down, block by block', () => {
  const levels = openLevels();
  const large = 2n ** 63n - 1n;
  for (const step of [0, 255, 256, 9999]) {
    levels.add(step, large);
    levels.add(step, large);
    levels.add(step, 5n);
    levels.add(step + 1, -3n * large);
    levels.add(step + 1, 1n);
  }
  expect([0, 1, 2, 255, 256, 257, 9999, 10_000].map(levels.growthAt)).toEqual([
    2n * large + 5n,
    1n - 3n * large,
    0n,
    2n * large + 5n,
    6n - large,
    1n - 3n * large,
    2n * large + 5n,
    1n - 3n * large,
  ]);
});
