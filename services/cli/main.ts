#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander';
import { collect } from './commands/collect';
import type { CollectOptions } from './commands/collect';
import { demo } from './commands/demo';
import type { DemoFlags } from './commands/demo';
import { CommandError, EXIT } from './exit';
import { addHistoryCommands } from './history-commands';
import { publish } from './commands/publish';
import { render } from './commands/render';
import type { RenderOptions } from './commands/render';
import { replayCommand } from './commands/replay';
import type { ReplayFlags } from './commands/replay';
import { serve } from './commands/serve';
import { readSettings } from './settings';
import type { Settings, Use } from './settings';
import { settingsHelp } from './settings-list';
import { topics } from './commands/topics';
import { verifyCommand } from './commands/verify';
import type { VerifyFlags } from './commands/verify';

/** `fleetmeter`: the commands. A mistake is one line on standard error and an exit code (contract, "Commands"). */
const program = new Command('fleetmeter')
  .description('Event-sourced metrics for GPU fleets')
  .configureHelp({ showGlobalOptions: true })
  .exitOverride();

program
  .command('serve')
  .description('run the roles in FLEETMETER_ROLES')
  .option('--demo [jobs]', 'a simulated fleet of about so many running jobs lives in it', wholeNumber)
  .addHelpText('after', settingsHelp())
  .action(async ({ demo: jobs }: { readonly demo?: number | true }) => {
    const flags = jobs === undefined ? undefined : { ...DEMO, ...(jobs === true ? {} : { jobs }) };
    await serve(settings('roles'), flags);
  });

program
  .command('render')
  .description("fold a file without any server and print the ledger's page")
  .requiredOption('--events <file>', 'NDJSON, or - for standard input')
  .option('--at <time>', 'RFC 3339; default: the time of the newest event taken')
  .addOption(new Option('--format <format>', 'of the page').choices(['text', 'openmetrics']).default('text'))
  .action((options: RenderOptions) => render(options, settings('log')));

program
  .command('publish')
  .description('put events on the log, as they are sent now')
  .argument('<file>', 'NDJSON, or - for standard input')
  .action((file: string) => publish(file, settings('log')));

program
  .command('replay')
  .description('rebuild the metrics from the log beside the running ones, and switch to them')
  .option('--dry-run', 'compare only', false)
  .option('--allow-decrease', 'show the ledger even where a counter falls by it', false)
  .option('--rollback', 'go back to what was shown before the last switch, folded on to now', false)
  .option('--until <time>', 'print the page as of that moment (RFC 3339), from the log; change nothing')
  .action((flags: ReplayFlags) =>
    replayCommand(flags, settings(flags.until === undefined ? 'store' : 'log')),
  );

program
  .command('verify')
  .description('recompute the metrics from the log and compare them with the store')
  .option('--project <name>', 'of one project only')
  .option('--sample <count>', 'so many entities only, drawn at random', wholeNumber)
  .action((flags: VerifyFlags) => verifyCommand(flags, settings('store')));

program
  .command('topics')
  .description('create the Kafka topics that are missing, and check all')
  .option('--check', 'only check', false)
  .action((options: { readonly check: boolean }) => topics(options, settings('log')));

program
  .command('collect')
  .description('scrape exporters into telemetry events, through the server that runs here or into Kafka')
  .option('--targets <file>', "what to scrape, in Prometheus' file service discovery format (JSON or YAML)")
  .option('--sd-url <url>', "what to scrape, by Prometheus' HTTP service discovery")
  .option('--interval <duration>', 'how often each target is scraped', '15s')
  .option(
    '--timeout <duration>',
    'how long a target may take; default: 10s, or the interval where that is less',
  )
  .option('--lag <duration>', "how old an exporter's values may be: its own interval of collection", '0s')
  .option('--ca <file>', "certificate authorities of the targets, PEM; default: the system's")
  .option('--insecure', 'take any certificate of a target', false)
  .option('--token-file <file>', 'a bearer token for the targets')
  .option('--listen <address>', "HOST:PORT of the collector's own /metrics/process; default: none")
  .action((options: CollectOptions) => collect(options, settings('log')));

addHistoryCommands(program, () => settings('log'), wholeNumber);

const DEMO: DemoFlags = { seed: Date.now() % 1_000_000, jobs: 40, speed: 1, hours: 6 };

program
  .command('demo')
  .description(
    'play a simulated fleet, its history and its life, into the server that runs here or into Kafka',
  )
  .option('--jobs <count>', 'about how many jobs run at a time', wholeNumber, DEMO.jobs)
  .option('--speed <factor>', 'how many times faster the fleet lives', wholeNumber, DEMO.speed)
  .option('--hours <count>', 'how far back its history begins', wholeNumber, DEMO.hours)
  .option('--seed <number>', 'the same seed plays the same fleet', wholeNumber, DEMO.seed)
  .action((flags: DemoFlags) => demo(flags, settings('log')));

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number.');
  return Number(text);
}

function settings(use: Use): Settings {
  const read = readSettings(process.env, use);
  if (read.ok) return read.settings;
  throw new CommandError(EXIT.usage, read.mistakes.join('\n'));
}

async function main(): Promise<void> {
  // Whoever reads standard output may have seen enough, as `head` has.
  process.stdout.on('error', () => process.exit(EXIT.done));
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  // A terminal may show how far the command had come, on a line that has not ended.
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  if (error instanceof CommandError) {
    process.stderr.write(`${error.message}\n`);
    return error.code;
  }
  if (isCommanderError(error)) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return EXIT.no;
}

/** Commander has printed what it has to say by then. */
function isCommanderError(error: unknown): error is { readonly exitCode: number } {
  return error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number';
}

void main();
