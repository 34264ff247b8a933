/**
 * An export of a live log, rendered, is the page that the log gives; and so it is after every way there and
 * back.
 */
import fc from 'fast-check';
import { decodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import { foldNaively } from '../oracle/index';
import { read } from '../oracle/read';
import { foldLines, pageOf } from '../support/folded';
import {
  DEFAULT_SETTINGS,
  historyArbitrary,
  linesOf,
  makeHistory,
  validHistory,
  type History,
} from '../support/history';
import { livePlaces } from '../support/live-log';
import { foldInSteps } from '../support/stepped-fold';
import { openMemoryLog } from './memory-log';
import { exportOf, liveLogOf } from './support';
import { depth } from '../support/depth';

/** Folds the log as its owners do. */
function livePage(history: History, atMs: number): string {
  const { settings, seed } = history;
  const folded = foldInSteps(linesOf(history), {
    seed,
    settings,
    pageTimes: Array.from({ length: settings.partitions }, () => atMs),
    places: livePlaces(history),
    settleChance: 0.1,
    handOverChance: 0.1,
  });
  return pageOf({ ...folded, atMs });
}

/** Not before any event. */
function afterAll(history: History): number {
  const times = linesOf(history).map((line) => {
    const decoded = decodeEvent(Buffer.from(line));
    return decoded.ok ? decoded.event.timeMs : 0;
  });
  return Math.max(1, ...times) + 12_345;
}

function refusalsOf(lines: readonly string[], { settings }: History, atMs: number): string[] {
  return foldLines(lines, settings, atMs).dead.map(({ line, reason }) => `${reason}: ${lines[line] ?? ''}`);
}

/**
 * What no file can say: an entity that was given up began anew with an event so old that only what is
 * remembered of its id lets it in, and it is remembered for the sake of an event that was refused, which is
 * not in the file.
 */
function isBeyondFiles(refusals: readonly string[]): boolean {
  return (
    refusals.length > 0 && refusals.every((text) => /^too_late: .*\.(started|submitted)\.v1"/.test(text))
  );
}

test('rendered, it is the live page to the byte, into however many partitions', async () => {
  let beyond = 0;
  await fc.assert(
    fc.asyncProperty(historyArbitrary(90), async (history) => {
      const atMs = afterAll(history);
      const { lines } = await exportOf(liveLogOf(history), history.settings);
      if (isBeyondFiles(refusalsOf(lines, history, atMs))) {
        beyond++;
        return;
      }
      const page = livePage(history, atMs);
      for (const partitions of [history.settings.partitions, 1, 3]) {
        expect(pageOf(foldLines(lines, { ...history.settings, partitions }, atMs))).toBe(page);
      }
    }),
    { numRuns: depth(60, 400) },
  );
  expect(beyond).toBeLessThan(8);
}, 180_000);

/** Which events there are, each once. */
function namesOf(lines: readonly string[]): string[] {
  const names = lines.map((line) => {
    const { source, id } = JSON.parse(line) as { source: string; id: string };
    return `${source} ${id}`;
  });
  return [...new Set(names)].sort();
}

test('it lacks what was refused, repeated or misrouted, and nothing else', async () => {
  let refused = 0;
  for (let seed = 1; seed <= 25; seed++) {
    const history = makeHistory(seed, 150);
    const lines = linesOf(history);
    const places = livePlaces(history);
    const dead = new Set(foldNaively(lines, { ...history.settings, places }).dead.map(({ line }) => line));
    const { lines: exported, counts } = await exportOf(liveLogOf(history), history.settings);
    const expected = lines.filter((line, i) => {
      const reading = read(line, history.settings.partitions);
      return !dead.has(i) && reading.what !== 'refused' && reading.partition === places[i]?.partition;
    });
    expect([seed, namesOf(exported)]).toEqual([seed, namesOf(expected)]);
    expect(counts.lifecycle + counts.telemetry).toBe(exported.length);
    const left = [...counts.leftOut.values()].reduce((sum, n) => sum + n, 0);
    expect(exported.length + left).toBe(lines.length);
    refused += dead.size;
  }
  expect(refused).toBeGreaterThan(100);
}, 60_000);

test('repeats are left out, samples’ too, however they are written', async () => {
  const events = validHistory(4, 400);
  const log = openMemoryLog({ partitions: 2 });
  for (const [at, event] of [...events, ...events].entries()) {
    const text = at % 2 === 0 ? JSON.stringify(event, null, 1) : JSON.stringify(event);
    const decoded = decodeEvent(Buffer.from(text));
    if (!decoded.ok) throw new Error(decoded.refusal.detail);
    const { topic, key } = routeOf(decoded.event);
    log.put(topic, partitionOf(key, 2), Buffer.from(text), Date.UTC(2026, 10, 24, 12) + at);
  }
  const { lines, counts } = await exportOf(log, DEFAULT_SETTINGS);
  const distinct = namesOf(events.map((event) => JSON.stringify(event)));
  expect(lines).toHaveLength(distinct.length);
  expect(counts.telemetry).toBeGreaterThan(20);
  expect(counts.leftOut.get('repeat')).toBe(2 * events.length - distinct.length);
});

test('what no file can say is in the export all the same, and refused where it is read', async () => {
  const settings = { partitions: 1, latenessMs: 1000, dedupeMs: 10_000, sampleTtlMs: 1000 };
  const log = openMemoryLog({ partitions: 1 });
  const at = (s: number): string => new Date(Date.UTC(2026, 10, 24, 8) + 1000 * s).toISOString();
  const put = (id: string, time: number, appended: number, type: string, data: object): void => {
    const event = {
      specversion: '1.0',
      id,
      source: '/s',
      type: `fleetmeter.run.${type}.v1`,
      time: at(time),
      data,
    };
    log.put('lifecycle', 0, Buffer.from(JSON.stringify(event)), Date.parse(at(appended)));
  };
  const run = { id: 'r', name: 'r', type: 'task' };
  put('given-up', 0, 0, 'status_changed', { run, status: 'running' });
  put('refused', 5, 5, 'status_changed', { run, status: 'running' });
  put('anew', 3, 14, 'submitted', { project: 'p', user: 'u', run });
  const { lines, counts } = await exportOf(log, settings);
  expect([...counts.leftOut]).toEqual([['too_late', 1]]);
  expect(refusalsOf(lines, { settings, seed: 0, atMs: undefined, entries: [] }, Date.parse(at(20)))).toEqual([
    expect.stringMatching(/^too_late: .*"anew"/),
  ]);
});
