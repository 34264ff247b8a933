import type { Command } from 'commander';
import type { Settings, Use } from './settings';

/**
 * What a command's file exports: it adds the command to the program, with its options, examples, and action.
 * @param settings reads them when the command runs, so that --help needs none
 */
export type AddCommand = (program: Command, settings: (use: Use) => Settings) => void;

/** The last part of a command's --help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Options that several commands have in common. */
export const EVENTS_OPTION = [
  '--events <file>',
  'from a file as render reads it, or - for standard input; default: from the log',
] as const;
