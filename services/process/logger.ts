import pino from 'pino';
import { forPeople } from './for-people';

export type Logger = pino.Logger;
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * On standard error: standard output belongs to what a command prints. JSON lines, or lines for people if it
 * is a terminal (in colour unless NO_COLOR is set). No secret is ever passed to a log call.
 */
export function openLogger(level: LogLevel): Logger {
  const destination = process.stderr.isTTY ? terminal() : pino.destination(2);
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

function terminal(): pino.DestinationStream {
  const usesColor = (process.env['NO_COLOR'] ?? '') === '';
  return { write: (json) => void process.stderr.write(forPeople(json, usesColor)) };
}
