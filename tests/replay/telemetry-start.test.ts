import * as fc from 'fast-check';
import { FUTURE_MS } from '../../events/time';
import type { EventLog, LogRecord } from '../../services/log/port';
import { telemetryStart } from '../../services/replay/read';
import { depth } from '../support/depth';

const TTL_MS = 600_000;

/** A log of one partition, of which only telemetry can be read; `offsets` rise and have gaps. */
function logOf(records: readonly { offset: number; appendTimeMs: number }[]): {
  log: EventLog;
  reads: number[];
} {
  const reads: number[] = [];
  const log: Pick<EventLog, 'read'> = {
    async *read(_topic, partition, from, to) {
      reads.push(from);
      const found = records.filter(({ offset }) => offset >= from && offset < to).slice(0, 3);
      const chunk = found.map((record): LogRecord => ({ ...record, partition, key: null, value: null }));
      if (chunk.length > 0) yield chunk;
    },
  };
  return { log: log as EventLog, reads };
}

test('no sample that a page may show is passed over, and few others are read', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 60_000 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 100 }),
      fc.double({ min: 0, max: 1.2, noNaN: true }),
      async (count, gap, stepMs, part) => {
        const records = Array.from({ length: count }, (_, n) => ({
          offset: 7 + n * gap,
          appendTimeMs: n * stepMs,
        }));
        const end = 7 + count * gap + 5;
        const pageTimeMs = part * count * stepMs + TTL_MS + FUTURE_MS;
        const { log, reads } = logOf(records);
        const start = await telemetryStart(log, 0, { start: 7, end }, pageTimeMs, TTL_MS);
        const sinceMs = pageTimeMs - TTL_MS - FUTURE_MS;
        const first = records.find(({ appendTimeMs }) => appendTimeMs >= sinceMs)?.offset ?? end;
        expect(start).toBeGreaterThanOrEqual(7);
        expect(start).toBeLessThanOrEqual(first);
        expect(first - start).toBeLessThanOrEqual(10_000);
        expect(reads.length).toBeLessThan(10);
      },
    ),
    { numRuns: depth(20, 300) },
  );
});
