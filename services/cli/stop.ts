import type { Logger } from '../process/logger';

/** When to stop a command that has no end of its own. */
export interface Stop {
  /** The signal that asked for it, once it has come. */
  readonly asked: Promise<string>;
  /** Aborted at the same time. */
  readonly signal: AbortSignal;
  close(): void;
}

/**
 * SIGTERM and SIGINT ask for the end. So does SIGHUP if the process belongs to a terminal, which is then
 * gone; otherwise it asks to read tokens and certificates again, which is left to those who watch the files.
 */
export function openStop(logger: Pick<Logger, 'info'>, isOnTerminal = process.stdin.isTTY): Stop {
  const controller = new AbortController();
  const { signal } = controller;
  const end = (name: NodeJS.Signals): void => {
    controller.abort(name);
  };
  const hangUp = (name: NodeJS.Signals): void => {
    if (isOnTerminal) end(name);
    else logger.info('SIGHUP: tokens and certificates that are in files are read again');
  };
  process.on('SIGTERM', end).on('SIGINT', end).on('SIGHUP', hangUp);
  return {
    asked: new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        resolve(String(signal.reason));
      });
    }),
    signal,
    close() {
      process.off('SIGTERM', end).off('SIGINT', end).off('SIGHUP', hangUp);
    },
  };
}
