import { BUGS } from './planted';
import { runSeed } from './run';
import { findBug, playSeeds } from './seeds';

const SEEDS = Number(process.env['SEEDS'] ?? 1_000);

jest.setTimeout(1_200_000);

test(`in ${SEEDS} seeds the state is the log's, no counter falls, no page is older than one before`, async () => {
  const wrong: unknown[] = [];
  let pages = 0;
  for await (const { seed, failures, diary, pages: shown } of playSeeds(0, SEEDS)) {
    pages += shown;
    if (failures.length > 0) wrong.push({ seed, failures: failures.slice(0, 3), diary });
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(pages).toBeGreaterThan(3 * SEEDS);
});

test('the same seed plays the same', async () => {
  for (const seed of [1, 2, 3]) expect(await runSeed(seed)).toEqual(await runSeed(seed));
});

test.each(BUGS)('finds a planted bug: %s', async (bug) => {
  expect(await findBug(bug, 10_000)).not.toBeNull();
});
