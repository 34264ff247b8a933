import { linesOf, makeHistory } from '../support/history';
import { differencesOf, shrink } from './difference';
import { foldNaively } from './index';
import { openReference, isKnownToReference, knownToReference, referenceAbsent } from './python';

const absent = referenceAbsent();

describe('the oracle', () => {
  (absent === undefined ? it : it.skip)(
    `agrees with the reference in Python${absent === undefined ? '' : ` (not tried: ${absent})`}`,
    () => {
      const reference = openReference();
      for (let seed = 1; seed <= 12; seed++) {
        const { settings, atMs, ...history } = makeHistory(seed, 80);
        const options = { ...settings, ...(atMs === undefined ? {} : { atMs }) };
        const lines = linesOf({ settings, atMs, ...history }).filter(isKnownToReference);
        expect({
          seed,
          differences: differencesOf(
            knownToReference(foldNaively(lines, options)),
            knownToReference(reference(lines, options)),
          ),
        }).toEqual({ seed, differences: [] });
      }
    },
    60_000,
  );
});

describe('differencesOf', () => {
  it('names what only one of two pages has, and where their figures and refusals differ', () => {
    const ours = {
      series: new Map([
        ['a{}', 1],
        ['b{}', 2],
      ]),
      dead: [{ line: 3, reason: 'too_late' }],
    };
    const theirs = {
      series: new Map([
        ['b{}', 3],
        ['c{}', 4],
      ]),
      dead: [],
    };
    expect(differencesOf(ours, theirs)).toEqual([
      'line 3: too_late against undefined',
      'a{}: 1 against undefined',
      'b{}: 2 against 3',
      'c{}: undefined against 4',
    ]);
    expect(differencesOf(ours, ours)).toEqual([]);
  });
});

describe('shrink', () => {
  it('leaves the lines without which it would not fail, in their order', () => {
    const lines = Array.from({ length: 50 }, (_, index) => `${index}`);
    expect(shrink(lines, (some) => some.includes('7') && some.includes('31'))).toEqual(['7', '31']);
  });
});
