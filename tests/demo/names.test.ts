import { openNames } from '../../services/demo/names';
import { openRandom } from '../../services/demo/random';

describe('names of runs', () => {
  test('are those that are wanted, with a number where they are taken, and free again when given back', () => {
    const names = openNames(openRandom('names'));
    expect([names.take(['eval']), names.take(['eval']), names.take(['eval'])]).toEqual([
      'eval',
      'eval-2',
      'eval-3',
    ]);
    names.giveBack('eval-2');
    expect(names.take(['eval'])).toBe('eval-2');
  });

  test('are made up where none is wanted, none twice', () => {
    const names = openNames(openRandom('names'));
    const made = Array.from({ length: 10_000 }, () => names.take([]));
    expect(new Set(made).size).toBe(made.length);
    expect(made.filter((name) => !/^[a-z]+-[a-z]+-[0-9]+$/.test(name))).toEqual([]);
  });
});
