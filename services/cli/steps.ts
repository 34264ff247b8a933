import type { Progress } from './progress';
import { openProgress } from './progress';

/** How long work of several steps comes along, on standard error: a line a step, and how far the one at work is. */
export interface Steps {
  /** So many records are to be folded. */
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
