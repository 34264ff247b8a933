import { playSeeds } from './seeds';

/** Some 40 seeds a second and core; many times that for a busy machine. */
const PATIENCE_MS = 1_200_000;

/** Plays one of the shares of the seeds: each has a file of its own, so that jest runs them side by side. */
export function testShare(share: number, count: number): void {
  const from = share * count;
  const seeds = `seeds ${from} to ${from + count - 1}`;
  test(
    `${seeds}: the state is the log's, no counter falls, no page is older than one before`,
    async () => {
      const wrong: unknown[] = [];
      let pages = 0;
      for await (const { seed, failures, diary, pages: shown } of playSeeds(from, count)) {
        pages += shown;
        if (failures.length > 0) wrong.push({ seed, failures: failures.slice(0, 3), diary });
      }
      expect(wrong.slice(0, 5)).toEqual([]);
      expect(pages).toBeGreaterThan(3 * count);
    },
    PATIENCE_MS,
  );
}
