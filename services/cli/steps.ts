import type { Progress } from './progress';
import { openProgress } from './progress';

/**
 * Progress of long work in several steps, on standard error: a line per step, and how far the current one is.
 */
export interface Steps {
  /** The number of records to fold. */
  readonly onTotal: (records: number) => void;
  readonly onFolded: (records: number) => void;
  readonly onStep: (step: string) => void;
}

export function openSteps(): Steps {
  let progress: Progress | undefined;
  const end = (): void => {
    progress?.end();
    progress = undefined;
  };
  return {
    onTotal(records) {
      end();
      if (records > 0) progress = openProgress('folded', records);
    },
    onFolded(records) {
      progress?.advance(records, records);
    },
    onStep(step) {
      end();
      process.stderr.write(`${step}\n`);
    },
  };
}
