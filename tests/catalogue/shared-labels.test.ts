import * as fc from 'fast-check';
import { sharedLabels } from '../../services/catalogue/shared-labels';

test('the same values are the same array, and no other values are', () => {
  // Few texts, so that many arrays begin alike, or are each other's beginning.
  const labels = fc.array(fc.constantFrom('', 'a', 'b', 'ab'), { maxLength: 4 });
  fc.assert(
    fc.property(labels, labels, (one, other) => {
      expect(sharedLabels([...one])).toEqual(one);
      expect(sharedLabels([...one])).toBe(sharedLabels([...one]));
      expect(sharedLabels(one) === sharedLabels(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});

test('of what is made up for each event no more than a bound is remembered', () => {
  const first = sharedLabels(['first']);
  expect(sharedLabels(['first'])).toBe(first);
  for (let n = 0; n <= 100_000; n++) sharedLabels(['made up', String(n)]);
  expect(sharedLabels(['first'])).toEqual(first);
  expect(sharedLabels(['first'])).not.toBe(first);
});
