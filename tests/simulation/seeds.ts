import { setImmediate as breathe } from 'node:timers/promises';
import type { Bug } from './planted';
import { runSeed, type Outcome } from './run';

/** Plays one seed after the other. */
export async function* playSeeds(
  from: number,
  count: number,
  bug: Bug | null = null,
): AsyncGenerator<Outcome> {
  for (let seed = from; seed < from + count; seed++) {
    yield await runSeed(seed, bug);
    await breathe();
  }
}

/** The first seed that shows the bug by what is committed or shown, not by a standstill; null: none does. */
export async function findBug(bug: Bug, count: number): Promise<Outcome | null> {
  for await (const outcome of playSeeds(0, count, bug)) {
    if (outcome.failures.some((failure) => SHOWS.test(failure))) return outcome;
  }
  return null;
}

const SHOWS =
  / fell: |, older than |otherwise than before|: expected | is ahead of the clock |is not the log's/;
