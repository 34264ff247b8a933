import { Option } from 'commander';
import type { Command } from 'commander';
import { REFUSAL_REASONS } from '../../events/refusal';
import { backfill } from './commands/backfill';
import type { BackfillOptions } from './commands/backfill';
import { listLetters, redriveLetters, showLetter } from './commands/dead-letters';
import type { ListOptions, RedriveOptions } from './commands/dead-letters';
import { exportEvents, importEvents } from './commands/events';
import { explain } from './commands/explain';
import type { ExplainOptions } from './commands/explain';
import type { Settings } from './settings';

/** The commands on what is on the log. */
export function addHistoryCommands(
  program: Command,
  settings: () => Settings,
  wholeNumber: (text: string) => number,
): void {
  addEvents(program, settings);
  addDeadLetters(program, settings, wholeNumber);

  program
    .command('backfill')
    .description(
      'write the figures of the past as OpenMetrics, for promtool tsdb create-blocks-from openmetrics',
    )
    .requiredOption('--from <time>', 'the first step, RFC 3339, a whole second')
    .requiredOption('--to <time>', 'no step is later')
    .option('--step <duration>', 'from one step to the next: 30s, 5m, 1h', '5m')
    .option(
      '--families <glob>',
      'which families; default: fleetmeter_*_total but for those of a job or an instance',
    )
    .option(
      '--events <file>',
      'from a file as render reads it, or - for standard input; default: from the log',
    )
    .requiredOption('--out <dir>', 'where the files go, one a UTC day')
    .action((options: BackfillOptions) => backfill(options, settings()));

  program
    .command('explain')
    .description('the entities and events that a figure is made of')
    .argument('<series>', 'a name with some of its labels: \'fleetmeter_jobs{dstack_project_name="main"}\'')
    .option('--at <time>', 'as of when, RFC 3339; default: now, of a file the time of its newest event')
    .option(
      '--events <file>',
      'from a file as render reads it, or - for standard input; default: from the log',
    )
    .action((series: string, options: ExplainOptions) => explain(series, options, settings()));
}

function addEvents(program: Command, settings: () => Settings): void {
  const events = program.command('events').description('the log as a file, and back');
  events
    .command('export')
    .description('write the events that count, each with its log time')
    .argument('<file>', 'NDJSON, packed where it ends in .gz, or - for standard output')
    .action((file: string) => exportEvents(file, settings()));
  events
    .command('import')
    .description('put events on an empty log, with their log times')
    .argument('<file>', 'NDJSON, packed where it ends in .gz, or - for standard input')
    .option('--resume', 'go on with an import of the same file that was cut off', false)
    .action((file: string, options: { readonly resume: boolean }) => importEvents(file, options, settings()));
}

function addDeadLetters(
  program: Command,
  settings: () => Settings,
  wholeNumber: (text: string) => number,
): void {
  const letters = program.command('dead-letters').description('look at what was refused, and send it again');
  const reason = (): Option =>
    new Option('--reason <reason>', 'those refused for it').choices(REFUSAL_REASONS);
  letters
    .command('list')
    .description('what was refused, the newest last')
    .addOption(reason())
    .addOption(new Option('--topic <topic>', 'those of it').choices(['lifecycle', 'telemetry']))
    .option('--since <time>', 'those that were on the log from then on, RFC 3339')
    .option('--limit <count>', 'so many of the newest', wholeNumber, 50)
    .option('--json', 'whole letters, one a line', false)
    .action((options: ListOptions) => listLetters(options, settings()));
  letters
    .command('show')
    .description('one letter, with what it has of the record')
    .argument('<id>', 'TOPIC/PARTITION/OFFSET, as list has it')
    .action((id: string) => showLetter(id, settings()));
  letters
    .command('redrive')
    .description('put the records on the log again, where they are judged anew; none is sent twice')
    .argument('[id...]', 'TOPIC/PARTITION/OFFSET')
    .addOption(reason())
    .option('--all', 'all of them', false)
    .action((ids: string[], options: RedriveOptions) => redriveLetters(ids, options, settings()));
}
