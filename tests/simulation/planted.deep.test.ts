/** What the simulation itself is worth: a bug that is planted is found. */
import { BUGS } from './planted';
import { findBug } from './seeds';

jest.setTimeout(600_000);

test.each(BUGS)('finds a planted bug: %s', async (bug) => {
  expect(await findBug(bug, 10_000)).not.toBeNull();
});
