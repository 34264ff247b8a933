/**
 * How often what repeats is repeated: `npm test` is for people and stays under five minutes, `npm run
 * test:deep` plays the same suites for longer. Jest's configuration finds the suites that import this file
 * and runs those alone in the deep form, together with `*.deep.test.ts`, which have no short one.
 */
export function depth(quick: number, deep: number): number {
  return process.env['TEST_DEPTH'] === 'deep' ? deep : quick;
}
