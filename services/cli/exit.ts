/** The exit codes of commands (contract, "Commands"). */
export const EXIT = { done: 0, no: 1, usage: 2, away: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command: one line on standard error, and the exit code. */
export class CommandError extends Error {
  constructor(
    readonly code: ExitCode,
    message: string,
  ) {
    super(message);
  }
}
