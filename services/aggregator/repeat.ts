import type { Logger } from '../process/logger';
import type { Timing } from './timing';

/** Repeats a task, `everyMs` after it has ended; a failure is logged and the task repeated anyway. */
export function repeat(
  task: () => Promise<void>,
  everyMs: number,
  logger: Logger,
  timing: Timing,
): { stop(): Promise<void> } {
  const abort = new AbortController();
  const running = (async () => {
    while (!abort.signal.aborted) {
      await task().catch((error: unknown) => {
        logger.error({ err: error }, 'a tick of the aggregator failed');
      });
      await timing.delay(everyMs, abort.signal);
    }
  })();
  return {
    async stop() {
      abort.abort();
      await running;
    },
  };
}
