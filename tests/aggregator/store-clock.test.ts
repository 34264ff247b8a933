import { openStoreClock, type StepNews, type StoreClock } from '../../services/aggregator/store-clock';

const START_MS = Date.UTC(2026, 10, 24, 8);
const DAY_MS = 86_400_000;

let monotonicMs: number;
let offMs: number;
let news: [StepNews, number][];
let clock: StoreClock;

beforeEach(() => {
  monotonicMs = 5000;
  offMs = 0;
  news = [];
  const timing = { now: () => monotonicMs, delay: () => Promise.resolve() };
  clock = openStoreClock(timing, (what, stepMs) => news.push([what, stepMs]));
});

function rightMs(): number {
  return START_MS + monotonicMs;
}

/** The store is asked each half second for this long, its clock off by `offMs`. */
function pass(seconds: number): void {
  for (let left = seconds * 2; left > 0; left--) {
    monotonicMs += 500;
    clock.observe(rightMs() + offMs, monotonicMs - 1);
  }
}

test('it is not known before the first answer, and carried on between answers', () => {
  expect(clock.nowMs()).toBeNull();
  pass(1);
  monotonicMs += 700.4;
  expect(clock.nowMs()).toBe(Math.floor(rightMs()));
});

test.each([2 * DAY_MS, -2 * DAY_MS, 301_000])('a step of %d ms for seconds is not followed', (stepMs) => {
  pass(10);
  offMs = stepMs;
  pass(59);
  expect(clock.nowMs()).toBe(rightMs());
  expect(clock.stepMs()).toBe(stepMs);
  offMs = 0;
  pass(1);
  expect(clock.nowMs()).toBe(rightMs());
  expect(clock.stepMs()).toBeNull();
  expect(news).toEqual([
    ['seen', stepMs],
    ['gone', stepMs],
  ]);
});

test.each([8 * 3_600_000, -2 * DAY_MS])('one of %d ms that has stood for a minute is', (stepMs) => {
  pass(10);
  offMs = stepMs;
  pass(62);
  expect(clock.nowMs()).toBe(rightMs() + stepMs);
  expect(clock.stepMs()).toBeNull();
  expect(news).toEqual([
    ['seen', stepMs],
    ['followed', stepMs],
  ]);
});

test.each([299_000, -299_000])('%d ms are no step: the clock was set', (setMs) => {
  pass(10);
  offMs = setMs;
  pass(1);
  expect(clock.nowMs()).toBe(rightMs() + setMs);
  expect(news).toEqual([]);
});

test('a clock that wanders has not stood', () => {
  pass(10);
  for (const days of [1, 2, 3]) {
    offMs = days * DAY_MS;
    pass(40);
  }
  expect(clock.nowMs()).toBe(rightMs());
  pass(22);
  expect(clock.nowMs()).toBe(rightMs() + 3 * DAY_MS);
});

test('it stands although the store was away in between, but not by one answer', () => {
  pass(10);
  offMs = DAY_MS;
  pass(1);
  monotonicMs += 120_000;
  expect(clock.nowMs()).toBe(rightMs());
  pass(1);
  expect(clock.nowMs()).toBe(rightMs() + DAY_MS);
});

test('an answer that was under way while the process was stopped tells nothing', () => {
  pass(10);
  const askedAtMs = monotonicMs;
  const answerMs = rightMs();
  monotonicMs += 600_000;
  clock.observe(answerMs, askedAtMs);
  expect([clock.nowMs(), clock.stepMs(), news]).toEqual([rightMs(), null, []]);
});
