import { isTelemetry } from '../../events/event';
import { history } from '../../services/demo/history';

const END = Date.UTC(2026, 10, 24, 12);
const HOUR = 3_600_000;

describe('a history', () => {
  test.each([
    [1, 1],
    [100, 2],
    [3000, 3],
    [20_000, 4],
  ])('of %d events has as many, ends at its end, and begins less than 20 hours before', (count, seed) => {
    const events = [...history({ seed, events: count, endMs: END, telemetry: false })];
    expect(events.length).toBe(count);
    expect(events.some(isTelemetry)).toBe(false);
    expect(events.at(-1)?.timeMs).toBe(END);
    expect(END - (events[0]?.timeMs ?? 0)).toBeLessThan(20 * HOUR);
  });

  test('has the samples of its last ten minutes on top, where they are wanted', () => {
    const options = { seed: 5, events: 3000, endMs: END };
    const events = [...history({ ...options, telemetry: true })];
    const samples = events.filter(isTelemetry);
    expect(samples.length).toBeGreaterThan(200);
    expect(samples.every(({ timeMs }) => timeMs >= END - HOUR / 6 && timeMs <= END)).toBe(true);
    const lifecycle = events.filter((event) => !isTelemetry(event));
    expect(lifecycle).toEqual([...history({ ...options, telemetry: false })]);
  });
});
