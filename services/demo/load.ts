import { noise } from './random';

/** What the work does to a machine; each user has habits. */
export type Habit = 'training' | 'starved' | 'serving' | 'interactive' | 'batch' | 'processing';

/** Shares of the job's resources, from 0 to 1. */
export interface Load {
  readonly gpuRatio: number;
  readonly gpuMemoryRatio: number;
  readonly cpuRatio: number;
  readonly memoryRatio: number;
}

export const IDLE: Load = { gpuRatio: 0, gpuMemoryRatio: 0, cpuRatio: 0, memoryRatio: 0 };

const clamp = (ratio: number): number => Math.min(1, Math.max(0, ratio));

/** How far a job has come towards its steady state: 0 in the first seconds, 1 after `minutes`. */
function warmUp(age: number, minutes: number): number {
  const part = clamp((age - 0.25) / minutes);
  return part * part * (3 - 2 * part);
}

/** A moment of a job's life, as its load sees it: `fast` and `slow` go up and down within [-1, 1]. */
interface Moment {
  readonly seed: number;
  readonly ageMinutes: number;
  readonly fast: number;
  readonly slow: number;
}

/** A plateau near the top, with a dip for each checkpoint that is written. */
function training({ seed, ageMinutes, fast, slow }: Moment): Load {
  const warm = warmUp(ageMinutes, 2.5);
  const checkpointing = ageMinutes > 5 && ageMinutes % (11 + (seed % 7)) < 0.5;
  return {
    gpuRatio: clamp(warm * (checkpointing ? 0.07 : 0.95 + 0.035 * fast)),
    gpuMemoryRatio: clamp(0.03 + warm * (0.82 + 0.012 * (seed % 10))),
    cpuRatio: clamp(0.12 + (checkpointing ? 0.25 : 0.06 * warm) + 0.03 * fast),
    memoryRatio: clamp(0.08 + 0.3 * warm + 0.02 * slow),
  };
}

/** The data loader can't keep up: the GPU falls back again and again. */
function starved({ ageMinutes, fast, slow }: Moment): Load {
  const warm = warmUp(ageMinutes, 4);
  const stalled = ageMinutes % 1.4 < 0.45 + 0.25 * slow;
  return {
    gpuRatio: clamp(warm * (stalled ? 0.21 + 0.1 * fast : 0.78 + 0.12 * fast)),
    gpuMemoryRatio: clamp(0.03 + warm * 0.61),
    cpuRatio: clamp(0.82 + 0.12 * fast),
    memoryRatio: clamp(0.2 + 0.5 * warm + 0.06 * slow),
  };
}

/** Follows its requests; the KV cache takes its memory at the start. */
function serving({ ageMinutes, fast, slow }: Moment): Load {
  const warm = warmUp(ageMinutes, 1);
  return {
    gpuRatio: clamp(warm * (0.46 + 0.36 * slow + 0.1 * fast)),
    gpuMemoryRatio: clamp(0.02 + warm * 0.88),
    cpuRatio: clamp(0.15 + 0.12 * slow + 0.03 * fast),
    memoryRatio: clamp(0.25 + 0.05 * slow),
  };
}

function interactive({ seed, ageMinutes, fast, slow }: Moment): Load {
  const trying = noise(seed, ageMinutes / 4) > 0.15;
  return {
    gpuRatio: clamp(trying ? 0.55 + 0.4 * fast : 0),
    gpuMemoryRatio: clamp(ageMinutes < 3 ? 0.01 : 0.3 + 0.25 * slow),
    cpuRatio: clamp(trying ? 0.2 + 0.15 * fast : 0.02),
    memoryRatio: clamp(0.12 + 0.08 * slow),
  };
}

function batch({ ageMinutes, fast, slow }: Moment): Load {
  const warm = warmUp(ageMinutes, 1.5);
  return {
    gpuRatio: clamp(warm * (0.7 + 0.16 * slow + 0.1 * fast)),
    gpuMemoryRatio: clamp(0.02 + warm * (0.52 + 0.04 * slow)),
    cpuRatio: clamp(0.35 + 0.15 * fast),
    memoryRatio: clamp(0.3 + 0.1 * slow),
  };
}

function processing({ ageMinutes, fast, slow }: Moment): Load {
  return {
    gpuRatio: 0,
    gpuMemoryRatio: 0,
    cpuRatio: clamp(0.74 + 0.2 * fast),
    memoryRatio: clamp(0.35 + Math.min(0.4, ageMinutes / 60) + 0.08 * slow),
  };
}

const HABITS: Record<Habit, (moment: Moment) => Load> = {
  training,
  starved,
  serving,
  interactive,
  batch,
  processing,
};

/**
 * The load of one GPU of a job, `ageMinutes` after it began to run, and of the job's CPUs and memory. A
 * function of its arguments alone, so it doesn't matter when and how often it is called.
 */
export function loadAt(habit: Habit, seed: number, ageMinutes: number, gpu: number): Load {
  const fast = noise(seed + gpu * 7919, ageMinutes * 3);
  const slow = noise(seed ^ 0x5bd1e995, ageMinutes / 9);
  return HABITS[habit]({ seed, ageMinutes, fast, slow });
}
