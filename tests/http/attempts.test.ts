import { openAttempts } from '../../services/http/attempts';

test('a hundred wrong tokens at once, then ten a second, each address by itself', () => {
  let nowMs = 0;
  const attempts = openAttempts(() => nowMs);
  const few = (address: string, count: number) =>
    Array.from({ length: count }, () => attempts.note(address)).filter(Boolean).length;
  expect(few('a', 150)).toBe(100);
  expect(few('b', 5)).toBe(5);
  nowMs += 1000;
  expect(few('a', 50)).toBe(10);
  nowMs += 3_600_000;
  expect(few('a', 150)).toBe(100);
});

test('what is remembered of addresses is bounded', () => {
  const attempts = openAttempts(() => 0);
  for (let i = 0; i < 100; i++) attempts.note('first');
  expect(attempts.note('first')).toBe(false);
  for (let i = 0; i < 10_000; i++) attempts.note(String(i));
  expect(attempts.note('first')).toBe(true);
});
