import { encodeEvent } from '../../events/codec';
import { isTelemetry, type FleetEvent } from '../../events/event';
import { runDemo, type DemoOptions } from '../../services/demo/driver';

const NOW = Date.UTC(2026, 10, 24, 12);
const HOUR = 3_600_000;
const FLEET = { seed: 1, jobs: 10, speed: 1, historyMs: HOUR / 2 };

beforeEach(
  () => void jest.useFakeTimers({ now: NOW, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }),
);
afterEach(() => void jest.useRealTimers());

/** A demo whose sink keeps the batches, with the clock's time of each. */
function play(options: Partial<DemoOptions> = {}) {
  const stop = new AbortController();
  const batches: { atMs: number; events: readonly FleetEvent[] }[] = [];
  let liveFrom: number | undefined;
  const sink = async (events: readonly FleetEvent[]): Promise<void> =>
    void batches.push({ atMs: Date.now(), events });
  const onLive = async (): Promise<void> => void (liveFrom = batches.length);
  const done = runDemo({ ...FLEET, sink, onLive, signal: stop.signal, ...options });
  return {
    batches,
    stop,
    done,
    liveFrom: () => liveFrom,
    events: () => batches.flatMap(({ events }) => events),
  };
}

/** Lets all that waits for no timer happen. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the demo', () => {
  test('hands over its history at once, in order, 500 events at most at a time', async () => {
    const { batches, events, liveFrom, stop, done } = play();
    await settle();
    expect(batches.length).toBeGreaterThan(2);
    expect(liveFrom()).toBe(batches.length);
    expect(batches.slice(0, -1).every((batch) => batch.events.length === 500)).toBe(true);
    expect(batches.at(-1)!.events.length).toBeLessThanOrEqual(500);
    const times = events().map(({ timeMs }) => timeMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeLessThan(NOW - 0.45 * HOUR);
    expect(times.at(-1)).toBeGreaterThan(NOW - HOUR / 60);
    stop.abort();
    await done;
  });

  test('samples the last ten minutes of its history alone', async () => {
    const { events, stop, done } = play();
    await settle();
    const samples = events().filter(isTelemetry);
    expect(samples.length).toBeGreaterThan(300);
    expect(samples.every(({ timeMs }) => timeMs >= NOW - 600_000)).toBe(true);
    stop.abort();
    await done;
  });

  test('of a large fleet samples each thing once or twice, and no longer', async () => {
    const { events, stop, done } = play({ jobs: 1300, historyMs: HOUR / 6 });
    await settle();
    const samples = events().filter(({ type }) => type === 'fleetmeter.job.sampled.v1');
    const ofJobs = new Map<string, number>();
    for (const event of samples) {
      if (event.type !== 'fleetmeter.job.sampled.v1') continue;
      ofJobs.set(event.data.job.id, (ofJobs.get(event.data.job.id) ?? 0) + 1);
      expect(event.timeMs).toBeGreaterThanOrEqual(NOW - 20_000);
    }
    expect(ofJobs.size).toBeGreaterThan(500);
    expect(Math.max(...ofJobs.values())).toBeLessThanOrEqual(2);
    stop.abort();
    await done;
  }, 60_000);

  test('then goes on with the clock: nothing ahead of its time, nothing much behind', async () => {
    const { batches, stop, done } = play({ speed: 10 });
    await settle();
    const before = batches.length;
    await jest.advanceTimersByTimeAsync(120_000);
    const live = batches.slice(before);
    expect(live.length).toBeGreaterThan(50);
    for (const { atMs, events } of live) {
      for (const { timeMs } of events) {
        expect(timeMs).toBeLessThanOrEqual(atMs);
        expect(timeMs).toBeGreaterThan(atMs - 1000);
      }
    }
    stop.abort();
    await done;
  });

  test('stops when it is told to, and sends nothing more', async () => {
    const { batches, stop, done } = play();
    await settle();
    stop.abort();
    await done;
    expect(jest.getTimerCount()).toBe(0);
    const { length } = batches;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(batches.length).toBe(length);
  });

  test('waits for a slow sink, and leaves nothing out', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const taken: FleetEvent[] = [];
    const sink = async (events: readonly FleetEvent[]): Promise<void> => {
      taken.push(...events);
      await gate;
    };
    const slow = play({ sink });
    await settle();
    expect(taken.length).toBe(500);
    open();
    await settle();
    const quick = play();
    await settle();
    expect(taken.map(encodeEvent)).toEqual(quick.events().map(encodeEvent));
    slow.stop.abort();
    quick.stop.abort();
    await Promise.all([slow.done, quick.done]);
  });

  test('ends with what its sink throws', async () => {
    const { done } = play({ sink: () => Promise.reject(new Error('the log is away')) });
    await expect(done).rejects.toThrow('the log is away');
  });
});
