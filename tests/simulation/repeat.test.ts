import { runSeed } from './run';

test('the same seed plays the same, so that one that found a bug can be played again', async () => {
  for (const seed of [1, 2, 3]) expect(await runSeed(seed)).toEqual(await runSeed(seed));
});
