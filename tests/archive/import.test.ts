/**
 * There and back: an import keeps every event, its order within a partition and its log time, wherever it is
 * cut off.
 */
import fc from 'fast-check';
import { decodeEvent } from '../../events/codec';
import { type EventLog } from '../../services/log/port';
import { foldLines, pageOf } from '../support/folded';
import {
  DEFAULT_SETTINGS,
  historyArbitrary,
  makeHistory,
  shuffleWithinLateness,
  validHistory,
} from '../support/history';
import { openMemoryLog, type MemoryLog } from './memory-log';
import { exportOf, importInto, liveLogOf } from './support';
import { depth } from '../support/depth';

const LONG_AFTER = Date.UTC(2030, 0, 1);

function emptyLog(partitions: number, failsAfter?: number): MemoryLog {
  return openMemoryLog({
    partitions,
    now: () => LONG_AFTER,
    ...(failsAfter === undefined ? {} : { failsAfter }),
  });
}

function valuesOf(log: MemoryLog): string[][] {
  return (['lifecycle', 'telemetry'] as const).flatMap((topic) =>
    Array.from({ length: log.partitions }, (_, partition) =>
      log.records(topic, partition).map(({ value }) => String(value)),
    ),
  );
}

test('export, import, export: the same events, and pages to the byte, into any number of partitions', async () => {
  await fc.assert(
    fc.asyncProperty(historyArbitrary(80), fc.constantFrom(1, 3, 8), async (history, partitions) => {
      const { settings } = history;
      const first = await exportOf(liveLogOf(history), settings);
      const log = emptyLog(partitions);
      const imported = await importInto(log, first.lines, { ...settings, partitions });
      expect(imported).toMatchObject({ kind: 'imported', appended: first.lines.length, present: 0 });
      const second = await exportOf(log, { ...settings, partitions });
      expect([...second.lines].sort()).toEqual([...first.lines].sort());
      expect([...second.counts.leftOut]).toEqual([]);
      const atMs = history.atMs ?? Date.UTC(2026, 10, 24, 20);
      for (const at of [atMs, undefined]) {
        expect(pageOf(foldLines(second.lines, settings, at))).toBe(
          pageOf(foldLines(first.lines, settings, at)),
        );
      }
    }),
    { numRuns: depth(60, 200) },
  );
}, 120_000);

test('a file without log times is judged on the log as render judges it', async () => {
  const settings = { ...DEFAULT_SETTINGS, latenessMs: 600_000, dedupeMs: 1_200_000 };
  let refused = 0;
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const events = shuffleWithinLateness(validHistory(seed, 300), seed, 4 * settings.latenessMs);
    const lines = events.map((event) => JSON.stringify(event));
    const log = emptyLog(settings.partitions);
    expect(await importInto(log, lines, settings)).toMatchObject({
      kind: 'imported',
      appended: lines.length,
    });
    const { lines: exported, counts } = await exportOf(log, settings);
    const atMs = Date.UTC(2026, 10, 25);
    const page = pageOf(foldLines(lines, settings, atMs));
    expect([seed, pageOf(foldLines(exported, settings, atMs))]).toEqual([seed, page]);
    refused += counts.leftOut.get('too_late') ?? 0;
  }
  expect(refused).toBeGreaterThan(20);
}, 60_000);

describe('cut off', () => {
  const history = makeHistory(11, 4000);
  const { settings } = history;

  async function cutAt(lines: readonly string[], records: number): Promise<MemoryLog> {
    const log = emptyLog(settings.partitions, records);
    expect(await importInto(log, lines, settings)).toMatchObject({ kind: 'unavailable' });
    return log;
  }
  /** The same log, in order again. */
  function working(log: MemoryLog): EventLog {
    return {
      ...log,
      append(records) {
        for (const { topic, partition, value } of records) log.put(topic, partition, value, LONG_AFTER);
        return Promise.resolve({ kind: 'appended' });
      },
    };
  }

  test('it goes on behind what is there, and the log is the same as if it had not been cut', async () => {
    const { lines } = await exportOf(liveLogOf(history), settings);
    // Several appends' worth.
    const many = Array.from({ length: 6 }, () => lines).flat();
    const whole = emptyLog(settings.partitions);
    await importInto(whole, many, settings);
    const cut = await cutAt(many, 6000);
    const held = valuesOf(cut).flat().length;
    expect(held).toBeGreaterThan(5000);
    const resumed = await importInto(working(cut), many, settings, true);
    expect(resumed).toMatchObject({ kind: 'imported', present: held, appended: many.length - held });
    expect(valuesOf(cut)).toEqual(valuesOf(whole));
    const again = await importInto(working(cut), many, settings, true);
    expect(again).toMatchObject({ kind: 'imported', present: many.length, appended: 0 });
  }, 60_000);

  test('records that an append without an answer has put there twice are known again', async () => {
    const lines = validHistory(5, 300).map((event) => JSON.stringify(event));
    const log = emptyLog(settings.partitions);
    await importInto(log, lines.slice(0, 100), settings);
    await importInto(log, lines.slice(0, 100), { ...settings }, true);
    for (const line of lines.slice(40, 100)) await resend(log, line);
    const resumed = await importInto(working(log), lines, settings, true);
    expect(resumed).toMatchObject({ kind: 'imported', present: 100, appended: 200 });
  });

  /** As it was imported: with its log time. */
  async function resend(log: MemoryLog, line: string): Promise<void> {
    const decoded = decodeEvent(Buffer.from(line));
    if (!decoded.ok) throw new Error(decoded.refusal.detail);
    const same = valuesOf(log)
      .flat()
      .find((value) => {
        const { source, id } = JSON.parse(value) as { source: string; id: string };
        return source === decoded.event.source && id === decoded.event.id;
      });
    for (const topic of ['lifecycle', 'telemetry'] as const) {
      for (let partition = 0; partition < log.partitions; partition++) {
        const there = log.records(topic, partition).some(({ value }) => String(value) === same);
        if (there && same !== undefined) log.put(topic, partition, Buffer.from(same), LONG_AFTER);
      }
    }
  }

  test('a log that holds anything else is left alone', async () => {
    const lines = validHistory(6, 50).map((event) => JSON.stringify(event));
    const other = validHistory(7, 50).map((event) => JSON.stringify(event));
    const log = emptyLog(settings.partitions);
    await importInto(log, other, settings);
    const before = valuesOf(log);
    expect(await importInto(log, lines, settings, true)).toMatchObject({ kind: 'other_log' });
    const more = await importInto(log, other.slice(0, 20), settings, true);
    expect(more).toEqual({
      kind: 'other_log',
      detail: expect.stringContaining('not among the lines') as string,
    });
    expect(valuesOf(log)).toEqual(before);
  });
});

test('a log that is not empty is refused, and so is a line that is no event, with its number', async () => {
  const [line = ''] = validHistory(8, 5).map((event) => JSON.stringify(event));
  const log = emptyLog(2);
  await importInto(log, [line], DEFAULT_SETTINGS);
  await expect(importInto(log, [line], DEFAULT_SETTINGS)).rejects.toThrow(
    /partition \d of \w+ has offsets 0 to 1/,
  );
  expect(await importInto(emptyLog(2), [line, '', '{"a":1}'], DEFAULT_SETTINGS)).toMatchObject({
    kind: 'refused',
    line: 3,
    detail: expect.stringContaining('invalid_envelope: specversion') as string,
  });
});
