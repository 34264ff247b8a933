import { openAllowances, type Allowances } from '../../services/http/allowance';

const RATE = { aSecond: 10, atOnce: 100 };
const spent = (allowances: Allowances, key: string, times: number): number =>
  Array.from({ length: times }, () => allowances.spend(key, 1)).filter(Boolean).length;

test('a hundred at once, then ten a second, each key by itself', () => {
  let nowMs = 0;
  const allowances = openAllowances(RATE, () => nowMs);
  expect(spent(allowances, 'a', 150)).toBe(100);
  expect(allowances.hasLeft('a')).toBe(false);
  expect(spent(allowances, 'b', 5)).toBe(5);
  nowMs += 1000;
  expect(allowances.hasLeft('a')).toBe(true);
  expect(spent(allowances, 'a', 50)).toBe(10);
  nowMs += 3_600_000;
  expect(spent(allowances, 'a', 150)).toBe(100);
});

test('who spends more than is left has nothing, and owes nothing', () => {
  let nowMs = 0;
  const allowances = openAllowances(RATE, () => nowMs);
  expect(allowances.spend('a', 1_000_000)).toBe(false);
  expect(allowances.hasLeft('a')).toBe(false);
  nowMs += 100;
  expect(allowances.hasLeft('a')).toBe(true);
});

test('what is remembered of keys is bounded', () => {
  const allowances = openAllowances(RATE, () => 0);
  expect(spent(allowances, 'first', 101)).toBe(100);
  for (let i = 0; i < 10_000; i++) allowances.spend(String(i), 1);
  expect(allowances.spend('first', 1)).toBe(true);
});
