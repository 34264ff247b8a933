import { declarationOf } from '../../events/event';
import type { FleetEvent } from '../../events/event';
import { openRandom } from './random';
import type { Random } from './random';
import { openSchedule } from './schedule';

/** An event before it has a name and a time. */
export type Draft = FleetEvent extends infer Event
  ? Event extends FleetEvent
    ? Pick<Event, 'type' | 'data'>
    : never
  : never;

/** Time, random numbers and the output, shared by everything that happens in one simulation. */
export interface World {
  /**
   * Decides what happens. Samples must not draw from it: the fleet's life is the same with telemetry and
   * without.
   */
  readonly random: Random;
  /** How many times faster than the wall clock the fleet lives. */
  readonly speed: number;
  nowMs(): number;
  /** The fleet's own time since the start, ms: runs `speed` times as fast as event times do. */
  ageMs(): number;
  /** Plans an act after a duration of the fleet's own time. */
  after(durationMs: number, act: () => void): void;
  /** Plans an act after a duration of event time, whatever the speed. */
  afterWall(durationMs: number, act: () => void): void;
  newId(): string;
  emit(source: string, draft: Draft): void;
}

export interface WorldOptions {
  readonly seed: number;
  readonly speed: number;
  readonly startMs: number;
}

export interface RunningWorld extends World {
  /**
   * Lets the next act happen, if its time is not past `endMs`; returns what it emitted, or null at the end.
   */
  step(endMs: number): readonly FleetEvent[] | null;
}

/**
 * Ids come from sequences of their own, of the seed and the start: a second simulation of the same seed, sent
 * to the same log, must not name other events by ids that are taken.
 */
export function openWorld({ seed, speed, startMs }: WorldOptions): RunningWorld {
  const random = openRandom(`fleet/${seed}`);
  const entityIds = openRandom(`entities/${seed}/${startMs}`);
  const factIds = openRandom(`facts/${seed}/${startMs}`);
  const sampleIds = openRandom(`samples/${seed}/${startMs}`);
  const schedule = openSchedule();
  let nowMs = startMs;
  let sequence = 0;
  let emitted: FleetEvent[] = [];

  function emit(source: string, draft: Draft): void {
    const declaration = declarationOf(draft.type);
    // Two facts of one entity may share a millisecond when the fleet lives fast: the sequence keeps their
    // order.
    const named =
      declaration?.topic === 'telemetry'
        ? { id: sampleIds.uuid() }
        : { id: factIds.uuid(), sequence: String(sequence++) };
    const event = declaration?.accept({ ...named, source, timeMs: nowMs }, draft.data) ?? null;
    if (event === null)
      throw new Error(`the simulated fleet has made an event that is not valid: ${draft.type}`);
    emitted.push(event);
  }

  return {
    random,
    speed,
    nowMs: () => nowMs,
    ageMs: () => (nowMs - startMs) * speed,
    after: (durationMs, act) => schedule.plan(nowMs + Math.max(1, Math.round(durationMs / speed)), act),
    afterWall: (durationMs, act) => schedule.plan(nowMs + Math.max(1, Math.round(durationMs)), act),
    newId: () => entityIds.uuid(),
    emit,
    step(endMs) {
      const next = schedule.next(endMs);
      if (next === null) return null;
      nowMs = next.timeMs;
      emitted = [];
      next.act();
      return emitted;
    },
  };
}
