/** What a history is drawn from: its clock, how nasty it is, and which few ids are in use at the moment. */
import { type Random } from './history-random';
import { idOf } from './history-values';

export interface Settings {
  readonly partitions: number;
  readonly latenessMs: number;
  readonly dedupeMs: number;
  readonly sampleTtlMs: number;
}
export interface World {
  readonly random: Random;
  readonly settings: Settings;
  /** The time it is; most events happen now. */
  nowMs: number;
  /** How far the history has come, 0 to 1: the ids in use move on with it. */
  progress: number;
  /** How many runs, and instances, there are over the whole history. */
  readonly generations: number;
  /** How many of them are in use at a time. */
  readonly width: number;
  readonly snapshotChance: number;
}
export interface Payload {
  /** `instance.started` and so on. */
  readonly name: string;
  readonly data: Record<string, unknown>;
}

/**
 * Which of the ids: mostly one of those in use now, otherwise one of before, which may be settled or
 * forgotten by now.
 */
function generationOf({ random, progress, generations, width }: World): number {
  const newest = Math.floor(progress * generations) + width - 1;
  return random.chance(0.85) ? random.integer(newest - width + 1, newest) : random.integer(0, newest);
}

export function instanceIdOf(world: World): string {
  return idOf('i', generationOf(world));
}
export function runIdOf(world: World): string {
  return idOf('r', generationOf(world));
}
export function volumeIdOf(world: World): string {
  return idOf('v', generationOf(world));
}
/** Jobs of different runs share ids: a job is named by its run's and its own. */
export function jobIdOf(world: World): string {
  return idOf('j', world.random.integer(0, 2));
}
