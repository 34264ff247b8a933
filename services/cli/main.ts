#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { AddCommand } from './declaration';
import { CommandError, EXIT } from './exit';
import { readSettings } from './settings';
import type { Settings, Use } from './settings';

/** `fleetmeter`: the commands, in the order of --help. */
const COMMANDS: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ['serve', async () => (await import('./commands/serve.js')).addServe],
  ['render', async () => (await import('./commands/render.js')).addRender],
  ['publish', async () => (await import('./commands/publish.js')).addPublish],
  ['replay', async () => (await import('./commands/replay.js')).addReplay],
  ['verify', async () => (await import('./commands/verify.js')).addVerify],
  ['topics', async () => (await import('./commands/topics.js')).addTopics],
  ['collect', async () => (await import('./commands/collect.js')).addCollect],
  ['bridge', async () => (await import('./commands/bridge.js')).addBridge],
  ['events', async () => (await import('./commands/events.js')).addEvents],
  ['dead-letters', async () => (await import('./commands/dead-letters.js')).addDeadLetters],
  ['backfill', async () => (await import('./commands/backfill.js')).addBackfill],
  ['explain', async () => (await import('./commands/explain.js')).addExplain],
  ['cost', async () => (await import('./commands/cost.js')).addCost],
  ['budgets', async () => (await import('./commands/budgets.js')).addBudgets],
  ['top', async () => (await import('./commands/top.js')).addTop],
  ['demo', async () => (await import('./commands/demo.js')).addDemo],
  ['completion', async () => (await import('./commands/completion.js')).addCompletion],
]);

async function main(): Promise<void> {
  // The reader of standard output may have seen enough, as `head` does.
  process.stdout.on('error', () => process.exit(EXIT.done));
  try {
    const program = await openProgram(process.argv[2] ?? '');
    await program.parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

/** Only with the command asked for: loading all of them takes half a second. Completion needs all. */
async function openProgram(asked: string): Promise<Command> {
  const program = new Command('fleetmeter')
    .description('Event-sourced metrics for GPU fleets')
    .version(versionOfPackage())
    .configureOutput({
      outputError: (text, write) => {
        write(oneLine(text));
      },
    })
    .exitOverride();
  const found = asked === 'completion' ? undefined : COMMANDS.get(asked);
  for (const load of found === undefined ? COMMANDS.values() : [found]) (await load())(program, settings);
  return program;
}

/** Commander puts its guess of what was meant on a line of its own. */
function oneLine(text: string): string {
  return `${text.trim().replaceAll('\n', ' ')}\n`;
}

function settings(use: Use): Settings {
  const read = readSettings(process.env, use);
  if (read.ok) return read.settings;
  throw new CommandError(EXIT.usage, read.mistakes.join('\n'));
}

/** From package.json, which is beside the sources, or a folder above the build. */
function versionOfPackage(): string {
  const path = ['../..', '../../..'].map((up) => join(__dirname, up, 'package.json')).find(existsSync);
  const content: unknown = JSON.parse(path === undefined ? '{}' : readFileSync(path, 'utf8'));
  const hasVersion = typeof content === 'object' && content !== null && 'version' in content;
  return hasVersion ? String(content.version) : 'unknown';
}

/** An error is one line on standard error and an exit code (contract, "Commands"). */
function exitCodeOf(error: unknown): number {
  // A terminal may be showing progress on an unfinished line.
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  if (error instanceof CommandError) {
    process.stderr.write(`${error.message}\n`);
    return error.code;
  }
  if (isCommanderError(error)) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return EXIT.no;
}

/** Commander has already printed its message by then. */
function isCommanderError(error: unknown): error is { readonly exitCode: number } {
  return error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number';
}

void main();
