/**
 * Histories to try folds with: what a fleet's log may hold, and what it holds on a bad day. Seeded, so that a
 * failure can be had again; few ids, few labels and coarse times, so that things collide.
 */
import * as fc from 'fast-check';
import { lifecyclePayload } from './history-lifecycle';
import { malformedLine } from './history-malformed';
import { openRandom, type Random } from './history-random';
import { telemetryPayload } from './history-telemetry';
import { sequenceOf, timeTextOf } from './history-values';
import { type Settings, type World } from './history-world';

export { type Settings } from './history-world';

export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly subject?: string;
  readonly sequence?: string;
  readonly recordedtime?: string;
  readonly data: Readonly<Record<string, unknown>>;
}
/** A line of a history; `event` is what it was written from, absent if the line is (or may be) malformed. */
export interface Entry {
  readonly line: string;
  readonly event?: CloudEvent;
}
export interface History {
  readonly seed: number;
  readonly settings: Settings;
  /** When to render, RFC 3339 to ms; undefined: as of the newest event. */
  readonly atMs: number | undefined;
  readonly entries: readonly Entry[];
}

const EPOCH_MS = Date.UTC(2026, 10, 24, 8);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const DEFAULT_SETTINGS: Settings = {
  partitions: 8,
  latenessMs: DAY_MS,
  dedupeMs: 30 * DAY_MS,
  sampleTtlMs: 600_000,
};
const SOURCES = ['/dstack/b', 'ü"\\', '/dstack/a'];

/** How one history is nasty, drawn once for all of it. */
interface Temper {
  readonly settings: Settings;
  readonly generations: number;
  readonly width: number;
  /** How far the clock goes between two events, at most. */
  readonly stepMs: number;
  /** How often it goes on to where something just settles or is just forgotten. */
  readonly jumpChance: number;
  /** Times are cut to this, for ties. */
  readonly grainMs: number;
  readonly spanMs: number;
  readonly lateChance: number;
  readonly lateMs: number;
  readonly earlyMs: number;
  readonly sequenceChance: number;
  readonly recordedChance: number;
  readonly repeatChance: number;
  readonly malformedChance: number;
  readonly telemetryChance: number;
  /** Up to which part of the history there are samples: after it they only get older. */
  readonly telemetryUntil: number;
  readonly snapshotChance: number;
  readonly order: 'asIs' | 'jittered' | 'shuffled';
}

function nastyTemper(random: Random, count: number): Temper {
  return random.chance(0.35)
    ? { ...wildTemper(random, count), ...closeTemper(random) }
    : wildTemper(random, count);
}

/**
 * All within some minutes and of few entities, so that samples are still current and fall to one job or
 * another.
 */
function closeTemper(random: Random): Partial<Temper> {
  return {
    generations: 1,
    width: random.integer(1, 2),
    stepMs: random.pick([0, 1000, 3000]),
    jumpChance: 0,
    grainMs: random.pick([1, 1000, 15_000]),
    lateMs: 5000,
    telemetryChance: random.pick([0.4, 0.6]),
    telemetryUntil: random.pick([1, 0.6]),
    order: random.pick(['asIs', 'jittered']),
  };
}

function wildTemper(random: Random, count: number): Temper {
  const short = random.chance(0.65);
  const latenessMs = short ? random.pick([60_000, 60_000, 600_000]) : DAY_MS;
  const dedupeMs = short ? random.pick([600_000, 600_000, 30_000, HOUR_MS]) : 30 * DAY_MS;
  return {
    settings: {
      partitions: random.pick([1, 1, 2, 8]),
      latenessMs,
      dedupeMs,
      sampleTtlMs: random.pick([600_000, 60_000, HOUR_MS]),
    },
    generations: random.pick([1, Math.ceil(count / 60), Math.ceil(count / 25)]),
    width: random.integer(1, 3),
    stepMs: random.pick([0, 1000, 10_000, 40_000, 300_000]),
    jumpChance: random.pick([0, 0.1, 0.3]),
    grainMs: random.pick([1, 1, 1000, 15_000, 60_000]),
    spanMs: Infinity,
    lateChance: random.pick([0, 0.1, 0.3]),
    lateMs: random.pick([5000, latenessMs * 2, dedupeMs * 2]),
    earlyMs: random.pick([0, 290_000]),
    sequenceChance: random.pick([0, 0.3, 0.9]),
    recordedChance: random.pick([0, 0, 0.3, 1]),
    repeatChance: random.pick([0, 0.05, 0.2]),
    malformedChance: random.pick([0, 0, 0.1, 0.4]),
    telemetryChance: random.pick([0, 0.2, 0.5]),
    telemetryUntil: 1,
    snapshotChance: random.pick([0, 0, 0.1, 0.4]),
    order: random.pick(['asIs', 'asIs', 'jittered', 'shuffled']),
  };
}

/**
 * All within a few hours, so that under the default settings no order of it has anything refused, settled or
 * given up.
 */
function validTemper(random: Random, count: number): Temper {
  return {
    settings: DEFAULT_SETTINGS,
    generations: random.pick([1, Math.ceil(count / 40)]),
    width: random.integer(1, 3),
    stepMs: random.pick([0, 20_000, (4 * HOUR_MS) / count]),
    jumpChance: 0,
    grainMs: random.pick([1, 1000, 15_000]),
    spanMs: 3 * HOUR_MS,
    lateChance: random.pick([0, 0.3]),
    lateMs: HOUR_MS,
    earlyMs: random.pick([0, 200_000]),
    sequenceChance: random.pick([0, 0.3, 0.9]),
    recordedChance: 0,
    repeatChance: random.pick([0, 0.1]),
    malformedChance: 0,
    telemetryChance: random.pick([0, 0.3]),
    telemetryUntil: random.pick([1, 0.6]),
    snapshotChance: random.pick([0, 0.2]),
    order: random.pick(['asIs', 'shuffled']),
  };
}

/**
 * A nasty history of `count` lines: some are refused, some entities settle, are given up, forgotten, started
 * over.
 */
export function makeHistory(seed: number, count: number): History {
  const random = openRandom(seed);
  return write(random, seed, count, nastyTemper(random, count));
}

/**
 * A history of `count` events of which, in any order and with repeats, none is refused under
 * DEFAULT_SETTINGS.
 */
export function validHistory(seed: number, count: number): CloudEvent[] {
  const random = openRandom(seed);
  return eventsOf(write(random, seed, count, validTemper(random, count)));
}

export function linesOf(history: History): string[] {
  return history.entries.map(({ line }) => line);
}
function eventsOf(history: History): CloudEvent[] {
  return history.entries.flatMap(({ event }) => (event === undefined ? [] : [event]));
}

/** Nasty histories; they shrink to fewer lines. */
export function historyArbitrary(count: number): fc.Arbitrary<History> {
  return fc.noShrink(fc.integer({ min: 0, max: 2 ** 31 - 1 })).chain((seed) => {
    const history = makeHistory(seed, count);
    return fc.subarray([...history.entries]).map((entries) => ({ ...history, entries }));
  });
}

/** Valid histories; they shrink to fewer events. */
export function validHistoryArbitrary(count: number): fc.Arbitrary<CloudEvent[]> {
  return fc
    .noShrink(fc.integer({ min: 0, max: 2 ** 31 - 1 }))
    .chain((seed) => fc.subarray(validHistory(seed, count)));
}

/**
 * The same events in another order, in which each comes after no event that is newer than it by more than
 * half the lateness: of a history that spans less than that, any order.
 */
export function shuffleWithinLateness(
  events: readonly CloudEvent[],
  seed: number,
  latenessMs = DEFAULT_SETTINGS.latenessMs,
): CloudEvent[] {
  const random = openRandom(seed);
  const keyed = events.map((event) => ({
    event,
    key: Date.parse(event.time.toUpperCase()) + (random.next() * latenessMs) / 2,
  }));
  return keyed.sort((a, b) => a.key - b.key).map(({ event }) => event);
}

/** Each event twice. */
export function duplicateEach(events: readonly CloudEvent[]): CloudEvent[] {
  return events.flatMap((event) => [event, event]);
}

function write(random: Random, seed: number, count: number, temper: Temper): History {
  const world: World = { ...temper, random, nowMs: EPOCH_MS, progress: 0 };
  const entries: Entry[] = [];
  for (let index = 0; index < count; index++) {
    world.progress = index / count;
    world.nowMs = Math.min(world.nowMs + stepOf(random, temper), EPOCH_MS + temper.spanMs);
    const before =
      entries.length > 0 && random.chance(temper.repeatChance) ? random.pick(entries) : undefined;
    entries.push(before ?? entryOf(world, temper, index));
  }
  const atMs = random.chance(0.4)
    ? undefined
    : EPOCH_MS + random.integer(0, world.nowMs - EPOCH_MS + 600_000);
  return { seed, settings: temper.settings, atMs, entries: orderOf(random, temper.order, entries) };
}

function stepOf(random: Random, temper: Temper): number {
  if (random.chance(temper.jumpChance)) return horizonOf(random, temper.settings);
  if (random.chance(0.3)) return 0;
  return random.chance(0.2) ? random.integer(1, 3) : random.integer(0, 2 * temper.stepMs);
}

/** At the edge of what is too late or forgotten, or just over it. */
function horizonOf(random: Random, { latenessMs, dedupeMs }: Settings): number {
  return random.pick([latenessMs, latenessMs, dedupeMs]) + random.integer(0, 1);
}

function entryOf(world: World, temper: Temper, index: number): Entry {
  const { random } = world;
  const event = eventOf(world, temper, index);
  if (random.chance(temper.malformedChance))
    return { line: malformedLine(random, event, `${event.id}-changed`) };
  return { line: JSON.stringify(event), event };
}

function eventOf(world: World, temper: Temper, index: number): CloudEvent {
  const { random } = world;
  const { name, data } =
    world.progress < temper.telemetryUntil && random.chance(temper.telemetryChance)
      ? telemetryPayload(world)
      : lifecyclePayload(world);
  const timeMs = timeOf(world, temper, data['snapshot'] === true);
  return {
    specversion: '1.0',
    // Ids are used again by another source: only both together name an event.
    id: `e${Math.floor(index / SOURCES.length)}`,
    source: SOURCES[index % SOURCES.length] ?? '',
    type: `fleetmeter.${name}.v1`,
    time: timeTextOf(random, timeMs),
    ...(random.chance(0.2) ? { subject: 'an entity', partitionkey: 'ignored' } : {}),
    ...(random.chance(temper.sequenceChance) ? { sequence: sequenceOf(random) } : {}),
    ...(random.chance(temper.recordedChance) ? { recordedtime: recordedOf(world, temper) } : {}),
    data: random.chance(0.05) ? { ...data, unknown: { to: ['us'] } } : data,
  };
}

function timeOf({ random, nowMs, settings }: World, temper: Temper, snapshot: boolean): number {
  let timeMs = nowMs;
  if (snapshot && random.chance(0.8))
    timeMs -= random.integer(0, Math.min(2 * settings.dedupeMs, temper.spanMs));
  else if (random.chance(temper.lateChance)) timeMs -= lateBy(random, temper);
  else if (random.chance(0.1)) timeMs += random.integer(0, temper.earlyMs);
  return timeMs - (timeMs % temper.grainMs);
}

function lateBy(random: Random, temper: Temper): number {
  return random.chance(temper.jumpChance)
    ? horizonOf(random, temper.settings)
    : random.integer(0, temper.lateMs);
}

/** Around now, now and then out of order: log time never goes back anyway. */
function recordedOf({ random, nowMs, settings }: World, { grainMs }: Temper): string {
  const shiftMs = random.chance(0.7) ? 0 : random.integer(-settings.latenessMs, settings.latenessMs);
  return new Date(nowMs + shiftMs - ((nowMs + shiftMs) % grainMs)).toISOString();
}

function orderOf(random: Random, order: Temper['order'], entries: readonly Entry[]): readonly Entry[] {
  switch (order) {
    case 'asIs':
      return entries;
    case 'shuffled':
      return random.shuffle(entries);
    case 'jittered': {
      const keyed = entries.map((entry, index) => ({ entry, key: index + random.integer(0, 8) }));
      return keyed.sort((a, b) => a.key - b.key).map(({ entry }) => entry);
    }
  }
}
