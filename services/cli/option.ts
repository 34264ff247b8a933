import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { textOf } from '../../events/encoding';
import { parseTime } from '../../events/time';
import { CommandError, EXIT } from './exit';
import { parseAddress } from './settings';
import type { Settings } from './settings';

/** Values of options. A mistake is wrong usage: it names the option, its value and what was expected. */
export function wrongOption(option: string, text: string, expected: string): CommandError {
  return new CommandError(EXIT.usage, `${option}: ${text.slice(0, 80)}, expected ${expected}`);
}

/** For commander, which names the option itself. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number.');
  return Number(text);
}

export function timeOption(option: string, text: string): number {
  const ms = parseTime(text);
  if (ms === null) throw wrongOption(option, text, 'an RFC 3339 time such as 2026-11-24T08:00:00Z');
  return ms;
}

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** A whole number and its unit, in milliseconds. */
export function durationOption(option: string, text: string, leastMs: number): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  const ms = Number(match?.[1]) * (UNITS_MS.get(match?.[2] ?? '') ?? NaN);
  if (ms >= leastMs) return ms;
  throw wrongOption(option, text, `a duration such as 30s, 5m or 1h, at least ${String(leastMs)}ms`);
}

export function urlOption(option: string, text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw wrongOption(option, text, 'an http:// or https:// URL');
}

export function addressOption(option: string, text: string): Settings['listen'] {
  const address = parseAddress(text);
  if (address === null) throw wrongOption(option, text, 'HOST:PORT, such as 127.0.0.1:19465');
  return address;
}

/** The text of a file. */
export function readOption(option: string, path: string): string {
  try {
    return textOf(readFileSync(path));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw wrongOption(option, path, `a file that can be read (${why})`);
  }
}

/**
 * Checks that a file holds a token; it is read when it is needed, since it may be replaced. Nothing of it is
 * shown.
 */
export function checkTokenFile(option: string, path: string): void {
  if (/^[\x21-\x7e]+$/.test(readOption(option, path).trim())) return;
  throw wrongOption(option, path, 'a file that holds a token, one word on one line');
}
