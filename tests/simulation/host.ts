import type { Timing } from '../../services/aggregator/timing';
import type { Scheduler } from './scheduler';

/** A process: it can be killed, and stopped and continued, between any two of its steps. */
export interface Host {
  readonly name: string;
  readonly timing: Timing;
  isAlive(): boolean;
  isPaused(): boolean;
  /** Runs a step of this process: now, when it is continued, or never where it has been killed. */
  deliver(step: () => void): void;
  /** What it waits for comes to nothing; what it has sent is on its way. */
  kill(): void;
  pause(): void;
  resume(): void;
}

export function openHost(name: string, scheduler: Scheduler, clockOffsetMs: number): Host {
  let isAlive = true;
  let isPaused = false;
  let waiting: (() => void)[] = [];

  function deliver(step: () => void): void {
    if (!isAlive) return;
    if (isPaused) waiting.push(step);
    else step();
  }

  return {
    name,
    timing: {
      now: () => scheduler.now() + clockOffsetMs,
      delay: (ms, signal) =>
        new Promise((resolve) => {
          const end = (): void => {
            signal?.removeEventListener('abort', end);
            resolve();
          };
          scheduler.after(ms, () => deliver(end));
          signal?.addEventListener('abort', end);
        }),
    },
    isAlive: () => isAlive,
    isPaused: () => isPaused,
    deliver,
    kill() {
      isAlive = false;
      waiting = [];
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      const steps = waiting;
      waiting = [];
      // One by one: a step may be the last before the process is killed.
      for (const step of steps) scheduler.after(0, () => deliver(step));
    },
  };
}
