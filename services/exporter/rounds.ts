import { setImmediate as breathe } from 'node:timers/promises';
import type { Refreshed, Views } from './views';

/** Rounds of reading the store, one at a time: whoever asks is answered from one that began afterwards. */
export interface Rounds {
  /**
   * @param answer called with what the round has read; the views may change again when its promise resolves
   */
  ask<T>(answer: (refreshed: Refreshed, resolve: (value: T) => void) => Promise<void>): Promise<T>;
}

/** What waits for a round. */
interface Asked {
  readonly answer: (refreshed: Refreshed) => Promise<void>;
  readonly reject: (error: unknown) => void;
}

export function openRounds(views: Views): Rounds {
  let asked: Asked[] = [];
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    while (asked.length > 0) {
      // Those who ask at the same time share a round.
      await breathe();
      const round = asked;
      asked = [];
      try {
        const refreshed = await views.refresh();
        for (const { answer } of round) await answer(refreshed);
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    isRunning = false;
  }

  return {
    ask: (answer) =>
      new Promise((resolve, reject) => {
        asked.push({ answer: (refreshed) => answer(refreshed, resolve), reject });
        if (!isRunning) void run();
      }),
  };
}
