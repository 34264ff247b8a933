import { atATime } from '../../services/http/at-a-time';

test('two at a time, in the order in which they came, and on when one fails', async () => {
  const few = atATime(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = [0, 1, 2, 3].map((number) =>
    few(async () => {
      begun.push(number);
      await new Promise<void>((resolve) => (ends[number] = resolve));
      if (number === 0) throw new Error('of 0');
      return number;
    }),
  );
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await turn();
  expect(begun).toEqual([0, 1]);
  ends[0]?.();
  await expect(all[0]).rejects.toThrow('of 0');
  await turn();
  expect(begun).toEqual([0, 1, 2]);
  ends[2]?.();
  ends[1]?.();
  await turn();
  ends[3]?.();
  expect(await Promise.all(all.slice(1))).toEqual([1, 2, 3]);
});
