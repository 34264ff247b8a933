import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import type { EventLog } from '../../log/port';
import { writePage } from '../../page/page';
import { WHOLE_PAGE } from '../../page/selection';
import { viewsAsOf } from '../../replay/as-of';
import type { SeriesChange } from '../../replay/series-change';
import { dryRun } from '../../replay/dry-run';
import { replay } from '../../replay/replay';
import { CommandError, EXIT } from '../exit';
import { withLog, withLogAndStore } from '../log-at-rest';
import { printable } from '../printable';
import { timeOption } from '../option';
import { ledgerSettings } from '../settings';
import type { Settings } from '../settings';
import { writeAll } from '../write';
import { openSteps } from '../steps';
import { counted, table } from '../table';

export const addReplay: AddCommand = (program, settings) => {
  program
    .command('replay')
    .description('rebuild the metrics from the log beside the running ones, and switch to them')
    .option('--dry-run', 'compare only', false)
    .option('--allow-decrease', 'show the ledger even if a counter falls', false)
    .option('--rollback', 'go back to what was shown before the last switch, folded on to the present', false)
    .option('--until <time>', 'print the page as of that moment (RFC 3339), from the log; change nothing')
    .addHelpText(
      'after',
      examples(
        'fleetmeter replay --dry-run',
        'fleetmeter replay',
        'fleetmeter replay --rollback',
        'fleetmeter replay --until 2026-11-24T08:00:00Z',
      ),
    )
    .action((flags: ReplayFlags) =>
      replayCommand(flags, settings(flags.until === undefined ? 'store' : 'log')),
    );
};

export interface ReplayFlags {
  readonly dryRun: boolean;
  readonly allowDecrease: boolean;
  readonly rollback: boolean;
  readonly until?: string;
}

/**
 * `replay`: rebuilds the state from the log and switches to it; or compares, goes back, or prints a past
 * page.
 */
async function replayCommand(flags: ReplayFlags, settings: Settings): Promise<void> {
  const { until, allowDecrease, rollback } = flags;
  mustFit(flags);
  const steps = openSteps();
  if (until !== undefined) {
    const atMs = timeOption('--until', until);
    await withLog(settings, 'refuse', (log) => printPage(log, atMs, settings));
    return;
  }
  await withLogAndStore(settings, async (log, store) => {
    const options = { log, store, settings: ledgerSettings(settings), ...steps };
    if (flags.dryRun) {
      const changes = await dryRun(options);
      steps.onStep('nothing was changed');
      process.stdout.write(changesText(changes));
      return;
    }
    const { from, to } = await replay({
      ...options,
      allowDecrease,
      rollback,
      onChanges(changes, held) {
        process.stdout.write(changesText(changes));
        if (held > 0)
          process.stdout.write(
            `${counted(held, 'series is', 'series are')} held until the ledger has caught up\n`,
          );
      },
    });
    process.stdout.write(
      `generation ${to} is shown now; "fleetmeter replay --rollback" goes back to ${from}\n`,
    );
  });
}

function mustFit({ dryRun: dry, allowDecrease, rollback, until }: ReplayFlags): void {
  const given = [
    ...(until === undefined ? [] : ['--until']),
    ...(dry ? ['--dry-run'] : []),
    ...(rollback ? ['--rollback'] : []),
  ];
  if (given.length > 1)
    throw new CommandError(EXIT.usage, `${given.join(' and ')}: expected only one of them`);
  if (allowDecrease && (dry || until !== undefined))
    throw new CommandError(EXIT.usage, `--allow-decrease: does nothing with ${given.join('')}`);
}

async function printPage(log: EventLog, atMs: number, settings: Settings): Promise<void> {
  const steps = openSteps();
  const { sampleTtlMs } = settings;
  const views = await viewsAsOf({ log, atMs, settings: ledgerSettings(settings), ...steps });
  steps.onStep(`the page as of ${new Date(atMs).toISOString()}`);
  await writeAll(writePage(views, { format: 'text', atMs, sampleTtlMs, selection: WHOLE_PAGE }));
}

const PRINTED_CHANGES = 50;

function changesText(changes: readonly SeriesChange[]): string {
  if (changes.length === 0) return 'no counter changes: the ledger is what the log gives\n';
  const rows = changes
    .slice(0, PRINTED_CHANGES)
    .map(({ series, shown, before, after }) => [
      String(shown),
      String(before),
      String(after),
      printable(series),
    ]);
  const rest = changes.length - rows.length;
  return [
    `${counted(changes.length, 'counter has', 'counters have')} another ledger:\n`,
    table([['shown', 'ledger', 'rebuilt', 'series'], ...rows]),
    ...(rest > 0 ? [`and ${String(rest)} more\n`] : []),
  ].join('');
}
