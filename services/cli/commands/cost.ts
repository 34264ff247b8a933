import { Option } from 'commander';
import { parseTime } from '../../../events/time';
import { openEntities } from '../../history/entities';
import { dollarsText, gpuHoursText } from '../../report/amount';
import type { Amount } from '../../report/amount';
import { DIMENSIONS, isDimension } from '../../report/column';
import type { Column, Dimension } from '../../report/column';
import { openCostReport } from '../../report/cost';
import { csvLines } from '../../report/csv';
import { FOCUS_BY, focusLines } from '../../report/focus';
import { jsonLines } from '../../report/json';
import type { Row } from '../../report/rows';
import { monthStart, spansOf } from '../../report/span';
import type { Span } from '../../report/span';
import { EVENTS_OPTION, examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { CommandError, EXIT } from '../exit';
import { judgeHistory } from '../history';
import type { HistorySource } from '../history';
import { wrongOption } from '../option';
import { printable } from '../printable';
import { ledgerSettings } from '../settings';
import type { Settings } from '../settings';
import { table } from '../table';
import { writeAll } from '../write';

export const addCost: AddCommand = (program, settings) => {
  program
    .command('cost')
    .description('what a time cost, to the nano-dollar: jobs, and what instances cost that no job pays for')
    .option('--from <time>', 'a date, or RFC 3339; default: the first of the month, UTC')
    .option('--to <time>', 'a date (its first moment, UTC), or RFC 3339; default: now')
    .option('--by <columns>', `some of ${DIMENSIONS.join(', ')}, tag:NAME; default: project,user`)
    .option('--project <name>', 'only of this project')
    .addOption(
      new Option('--format <format>', 'focus: FOCUS 1.0, a line a resource and UTC day')
        .choices(FORMATS)
        .default('table'),
    )
    .option(...EVENTS_OPTION)
    .addHelpText(
      'after',
      examples(
        'fleetmeter cost --from 2026-11-01 --to 2026-12-01',
        'fleetmeter cost --by day,fleet,gpu --project main --format csv',
        'fleetmeter cost --by tag:team --events fleet.ndjson --format json',
      ),
    )
    .action((options: CostOptions) => cost(options, settings('log')));
};

const FORMATS = ['table', 'csv', 'json', 'focus'] as const;

export interface CostOptions extends HistorySource {
  readonly from?: string;
  readonly to?: string;
  readonly by?: string;
  readonly project?: string;
  readonly format: (typeof FORMATS)[number];
}

const DEFAULT_BY: readonly Dimension[] = ['project', 'user'];

/**
 * `cost`: what a period of time cost, from the log or a file: the ledger as of its end minus that as of its
 * start.
 */
export async function cost(options: CostOptions, settings: Settings): Promise<void> {
  const time = timeAsked(options, Date.now());
  const columns = columnsOf(options);
  const report = openCostReport(spansOf(time.fromMs, time.toMs, columns), columns, options.project ?? null);
  const fold = openEntities(ledgerSettings(settings), settings.partitions, time.fromMs, (entity) => {
    report.add(entity);
  });
  await judgeHistory(options, settings, fold);
  fold.finish();
  const { rows, total } = report.finish();
  await writeAll(textOf(options.format, time, columns, rows, total));
}

// ---- options ----------------------------------------------------------------------------------------------

/** By default the current month, UTC, up to now: what the future costs is unknown. */
function timeAsked({ from, to }: CostOptions, nowMs: number): Span {
  const toMs = to === undefined ? nowMs : dateOption('--to', to);
  const fromMs =
    from === undefined ? monthStart(to === undefined ? nowMs : toMs - 1) : dateOption('--from', from);
  if (fromMs <= toMs) return { fromMs, toMs };
  throw wrongOption('--to', to ?? 'now', 'a time not before --from');
}

/** A time, or a date, which stands for its first moment in UTC. */
function dateOption(name: string, text: string): number {
  const ms = parseTime(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (ms !== null) return ms;
  throw wrongOption(
    name,
    printable(text),
    'a date such as 2026-11-01 or an RFC 3339 time such as 2026-11-01T08:00:00Z',
  );
}

function columnsOf({ by, format }: CostOptions): readonly Column[] {
  if (format === 'focus') {
    if (by === undefined) return FOCUS_BY;
    throw new CommandError(
      EXIT.usage,
      '--by: goes with table, csv and json; focus has a line a resource and day',
    );
  }
  if (by === undefined) return DEFAULT_BY;
  const names = [...new Set(by.split(',').map((name) => name.trim()))];
  return names.map((name) => {
    if (isDimension(name)) return name;
    throw wrongOption(
      '--by',
      printable(name),
      `some of ${DIMENSIONS.join(', ')} and tag:NAME, with commas between them`,
    );
  });
}

// ---- texts ------------------------------------------------------------------------------------------------

function textOf(
  format: CostOptions['format'],
  time: Span,
  columns: readonly Column[],
  rows: readonly Row[],
  total: Amount,
): Iterable<string> {
  switch (format) {
    case 'table':
      return [tableText(columns, rows, total)];
    case 'csv':
      return csvLines(columns, rows);
    case 'json':
      return jsonLines(time, columns, rows, total);
    case 'focus':
      return focusLines(rows);
  }
}

/** The total is the last line. */
function tableText(columns: readonly Column[], rows: readonly Row[], total: Amount): string {
  const numbers = ['cost_dollars', 'gpu_hours'];
  return table(
    [
      [...columns, 'kind', ...numbers],
      ...rows.map(({ values, kind, amount }) => [...values.map(printable), kind, ...numbersOf(amount)]),
      ['total', ...columns.map(() => ''), ...numbersOf(total)],
    ],
    numbers.length,
  );
}

function numbersOf(amount: Amount): readonly string[] {
  return [dollarsText(amount), gpuHoursText(amount)];
}
