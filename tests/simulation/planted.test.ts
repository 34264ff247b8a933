/** What the simulation itself is worth: a bug that is planted is found, and a seed that found one can be played again. */
import { BUGS } from './planted';
import { runSeed } from './run';
import { findBug } from './seeds';

jest.setTimeout(600_000);

test('the same seed plays the same', async () => {
  for (const seed of [1, 2, 3]) expect(await runSeed(seed)).toEqual(await runSeed(seed));
});

test.each(BUGS)('finds a planted bug: %s', async (bug) => {
  expect(await findBug(bug, 10_000)).not.toBeNull();
});
