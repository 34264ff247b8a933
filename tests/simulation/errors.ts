import pino from 'pino';
import type { Logger } from '../../services/process/logger';

/** A logger that hands on errors alone: in a simulation they tell of a bug. */
export interface Errors {
  readonly logger: Logger;
  onError: (line: string) => void;
}

export function errorsOnly(): Errors {
  const errors: Errors = {
    logger: pino({ level: 'error', base: null }, { write: (line: string) => errors.onError(line.trim()) }),
    onError: () => undefined,
  };
  return errors;
}
