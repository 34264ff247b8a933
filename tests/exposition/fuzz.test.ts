/**
 * No input breaks the reader or the gateway. The long form is `npm run bench -- fuzz`; seeds that ever failed
 * there are kept here.
 */
import { fuzzInput, tryInput } from './fuzz';
import { depth } from '../support/depth';

const FIRST_SEED = 1;
const COUNT = depth(2_000, 20_000);
const FAILED_ONCE: readonly number[] = [];

test('mutated pages and events', () => {
  const failed: string[] = [];
  const kinds = { page: 0, event: 0 };
  for (const seed of [...FAILED_ONCE, ...Array.from({ length: COUNT }, (_, i) => FIRST_SEED + i)]) {
    const input = fuzzInput(seed);
    kinds[input.kind]++;
    const fault = tryInput(input);
    if (fault !== undefined) failed.push(`seed ${String(seed)}: ${fault}`);
  }
  expect(failed).toEqual([]);
  expect(kinds.event).toBeGreaterThan(COUNT / 5);
}, 60_000);
