import { readFileSync } from 'node:fs';
import { textOf } from '../../events/encoding';
import { errnoOf } from '../process/errno';
import { defaultOf } from './settings-list';
import type { SettingName } from './settings-list';

export type Environment = Readonly<Record<string, string | undefined>>;

/** An environment that is being read, and a line for each mistake found in it so far. */
export interface Reading {
  readonly env: Environment;
  readonly mistakes: string[];
}

/** Undefined if it is not set, or empty. */
export function text({ env }: Reading, name: SettingName): string | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

export function textOrDefault(reading: Reading, name: SettingName): string {
  return text(reading, name) ?? defaultOf(name);
}

export function mistake({ mistakes }: Reading, name: SettingName, value: string, expected: string): void {
  mistakes.push(`${name}: ${value.slice(0, 80)}, expected ${expected}`);
}

export function whole(reading: Reading, name: SettingName, least: number, most: number): number {
  const value = textOrDefault(reading, name);
  const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (number >= least && number <= most) return number;
  mistake(reading, name, value, `a whole number from ${String(least)} to ${String(most)}`);
  return least;
}

export function oneOf<const T extends string>(
  reading: Reading,
  name: SettingName,
  values: readonly [T, ...T[]],
): T {
  const find = (value: string): T | undefined => values.find((one) => one === value.toLowerCase());
  const value = textOrDefault(reading, name);
  const found = find(value);
  if (found === undefined) mistake(reading, name, value, `one of ${values.join(', ')}`);
  return found ?? find(defaultOf(name)) ?? values[0];
}

export function flag(reading: Reading, name: SettingName): boolean {
  return oneOf(reading, name, ['true', 'false']) === 'true';
}

/** A comma-separated list; undefined if it is not set. */
export function list(reading: Reading, name: SettingName): readonly string[] | undefined {
  const value = text(reading, name);
  return value === undefined ? undefined : itemsOf(value);
}

export function itemsOf(list: string): readonly string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The text of the file that is named. */
export function file(reading: Reading, name: SettingName): string | undefined {
  const path = text(reading, name);
  if (path === undefined) return undefined;
  try {
    return textOf(readFileSync(path)).trim();
  } catch (error) {
    const why = errnoOf(error) ?? (error instanceof Error ? error.message : 'unreadable');
    mistake(reading, name, path, `a file that can be read (${why})`);
    return undefined;
  }
}

/** Given directly or in a file. */
export function secret(reading: Reading, name: SettingName, fileName: SettingName): string | undefined {
  const given = text(reading, name);
  if (given !== undefined && text(reading, fileName) !== undefined) {
    reading.mistakes.push(`${fileName}: expected it or ${name}, not both`);
  }
  const value = given ?? file(reading, fileName);
  if (value !== '') return value;
  reading.mistakes.push(`${fileName}: the file is empty, expected a secret in it`);
  return undefined;
}

export function needs(reading: Reading, name: SettingName, other: SettingName): void {
  if (text(reading, name) !== undefined && text(reading, other) === undefined)
    reading.mistakes.push(`${name}: needs ${other}`);
}
