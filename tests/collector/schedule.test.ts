import { openSchedule, type Schedule } from '../../services/collector/schedule';

const INTERVAL_MS = 15_000;
const MINUTE_MS = 60_000;
const open: Schedule[] = [];

beforeEach(() => void jest.useFakeTimers({ now: 1_795_000_000_000 }));
afterEach(() => {
  for (const schedule of open.splice(0)) schedule.stop();
  jest.useRealTimers();
});

/** Moments at which the target was asked, since the start. */
function asked(key: string, answers: (count: number) => boolean | Promise<boolean> = () => true) {
  const startMs = Date.now();
  const moments: number[] = [];
  const ask = async (): Promise<boolean> => {
    moments.push(Date.now() - startMs);
    return answers(moments.length);
  };
  const schedule = openSchedule(key, { intervalMs: INTERVAL_MS, ask, now: Date.now });
  open.push(schedule);
  return { moments, schedule };
}

function gaps(moments: readonly number[]): number[] {
  return moments.slice(1).map((moment, i) => (moment - (moments[i] ?? 0)) / INTERVAL_MS);
}

test('a target is asked once an interval, at its own moment of it', async () => {
  const { moments } = asked('a');
  await jest.advanceTimersByTimeAsync(10 * INTERVAL_MS);
  expect(moments).toHaveLength(10);
  expect(new Set(gaps(moments))).toEqual(new Set([1]));
  const again = asked('a');
  await jest.advanceTimersByTimeAsync(INTERVAL_MS);
  // A process that starts over keeps the moment.
  expect(again.moments).toEqual([moments[0]]);
});

test('targets are spread over the interval', async () => {
  const all = Array.from({ length: 300 }, (_, i) => asked(`target ${String(i)}`).moments);
  await jest.advanceTimersByTimeAsync(INTERVAL_MS);
  const thirds = [0, 0, 0];
  for (const [moment = 0] of all) thirds[Math.min(2, Math.floor((moment / INTERVAL_MS) * 3))]! += 1;
  for (const count of thirds) expect(count).toBeGreaterThan(70);
});

test('one that fails is asked less and less often, and as before once it answers', async () => {
  const { moments } = asked('a', (count) => count > 8);
  await jest.advanceTimersByTimeAsync(40 * MINUTE_MS);
  expect(gaps(moments).slice(0, 11)).toEqual([1, 2, 4, 8, 16, 20, 20, 20, 1, 1, 1]);
});

test('it is not asked while it is being asked, nor when it is stopped', async () => {
  let answer = (_: boolean): void => undefined;
  const { moments, schedule } = asked('a', () => new Promise((resolve) => (answer = resolve)));
  await jest.advanceTimersByTimeAsync(5 * INTERVAL_MS);
  expect(moments).toHaveLength(1);
  answer(true);
  await jest.advanceTimersByTimeAsync(INTERVAL_MS);
  expect(moments).toHaveLength(2);
  schedule.stop();
  answer(true);
  await jest.advanceTimersByTimeAsync(5 * INTERVAL_MS);
  expect(moments).toHaveLength(2);
});
