import { isPassedThrough } from '../support/counters';
import { readPage } from '../support/page-series';

/** Counters that are ours, dstack's among them. */
export function isOurCounter(key: string): boolean {
  const name = key.slice(0, key.indexOf('{'));
  if (isPassedThrough(name)) return false;
  return /^(dstack|fleetmeter)_.*_total$/.test(name) || HISTOGRAMS.test(name);
}

const HISTOGRAMS =
  /^(fleetmeter_run_duration_seconds|dstack_submit_to_provision_duration_seconds)_(bucket|sum|count)$/;

/** Remembers the highest that each counter was seen at, hidden in between or not. */
export interface Witness {
  /** Returns what has fallen since, a line each. */
  fallenOn(page: string): string[];
}

export function openWitness(): Witness {
  const seen = new Map<string, number>();
  return {
    fallenOn(page) {
      const fallen: string[] = [];
      for (const [key, value] of readPage(page)) {
        if (!isOurCounter(key)) continue;
        const before = seen.get(key);
        if (before !== undefined && value < before)
          fallen.push(`${key}: ${String(before)}, then ${String(value)}`);
        else seen.set(key, value);
      }
      return fallen;
    },
  };
}
