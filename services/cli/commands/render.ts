import { Option } from 'commander';
import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { openHistory } from '../../history/file-fold';
import type { Format } from '../../page/format';
import { writePage } from '../../page/page';
import { WHOLE_PAGE } from '../../page/selection';
import { judgeFile } from '../judge-file';
import { timeOption } from '../option';
import { ledgerSettings } from '../settings';
import type { Settings } from '../settings';
import { writeAll } from '../write';

export const addRender: AddCommand = (program, settings) => {
  program
    .command('render')
    .description("fold a file without any server and print the ledger's page")
    .requiredOption('--events <file>', 'NDJSON, or - for standard input')
    .option('--at <time>', 'RFC 3339; default: the time of the newest event taken')
    .addOption(
      new Option('--format <format>', 'of the page').choices(['text', 'openmetrics']).default('text'),
    )
    .addHelpText(
      'after',
      examples(
        'fleetmeter render --events fleet.ndjson',
        'fleetmeter render --events fleet.ndjson.gz --at 2026-11-24T08:00:00Z',
        'fleetmeter events export - | fleetmeter render --events - --format openmetrics',
      ),
    )
    .action((options: RenderOptions) => render(options, settings('log')));
};

export interface RenderOptions {
  readonly events: string;
  readonly at?: string;
  readonly format: Format;
}

/** `render`: folds a file (or standard input) with no server and prints the ledger's page. */
async function render(options: RenderOptions, settings: Settings): Promise<void> {
  const asOfMs = options.at === undefined ? null : timeOption('--at', options.at);
  const { sampleTtlMs, partitions } = settings;
  const history = openHistory({ ...ledgerSettings(settings), asOfMs }, partitions);
  await judgeFile(options.events, (line) => history.take(line));
  const { atMs, views } = history.finish();
  await writeAll(writePage(views, { format: options.format, atMs, sampleTtlMs, selection: WHOLE_PAGE }));
}
