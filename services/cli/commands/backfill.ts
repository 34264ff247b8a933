import { EVENTS_OPTION, examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { openDayFiles } from '../../backfill/day-files';
import { SUM_FAMILIES } from '../../catalogue/families';
import { openEntities } from '../../history/entities';
import { ENTITY_FAMILIES } from '../../catalogue/families';
import { stepsBetween } from '../../backfill/steps';
import type { Steps } from '../../backfill/steps';
import { errnoOf } from '../../process/errno';
import { CommandError, EXIT } from '../exit';
import { judgeHistory } from '../history';
import type { HistorySource } from '../history';
import { durationOption, timeOption, wrongOption } from '../option';
import { ledgerSettings } from '../settings';
import type { Settings } from '../settings';

export const addBackfill: AddCommand = (program, settings) => {
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
    .option(...EVENTS_OPTION)
    .requiredOption('--out <dir>', 'where the files go, one a UTC day')
    .addHelpText(
      'after',
      examples(
        'fleetmeter backfill --from 2026-11-01T00:00:00Z --to 2026-11-24T00:00:00Z --out days',
        "fleetmeter backfill --from 2026-11-23T00:00:00Z --to 2026-11-24T00:00:00Z --step 1m --families 'dstack_run_*' --out days",
        'promtool tsdb create-blocks-from openmetrics days/2026-11-23.om /prometheus',
      ),
    )
    .action((options: BackfillOptions) => backfill(options, settings('log')));
};

export interface BackfillOptions extends HistorySource {
  readonly from: string;
  readonly to: string;
  readonly step: string;
  readonly families?: string;
  readonly out: string;
}

/**
 * `backfill`: the ledger as of each step between two moments, as OpenMetrics for promtool, one file per UTC
 * day.
 */
export async function backfill(options: BackfillOptions, settings: Settings): Promise<void> {
  const steps = stepsOf(options);
  const isAsked = asked(options.families);
  const files = openFolder(options.out, () => openDayFiles(options.out, steps, isAsked));
  try {
    const fold = openEntities(ledgerSettings(settings), settings.partitions, steps.fromMs, (entity) => {
      files.backfill.add(entity);
    });
    await judgeHistory(options, settings, fold);
    fold.finish();
    const paths = await files.write();
    for (const path of paths) process.stdout.write(`${path}\n`);
    if (paths.length === 0)
      throw new CommandError(EXIT.no, 'there is nothing to backfill: no entity was known by then');
  } finally {
    files.close();
  }
}

function openFolder<T>(dir: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const code = errnoOf(error);
    throw code === undefined
      ? error
      : wrongOption('--out', dir, `a folder that can be made and written (${code})`);
  }
}

/** A year in steps of half a minute: more must be a mistake in --step. */
const MAX_STEPS = 1_051_200;

function stepsOf({ from, to, step }: BackfillOptions): Steps {
  const fromMs = wholeSecond('--from', from);
  const toMs = wholeSecond('--to', to);
  const stepMs = durationOption('--step', step, 1000);
  if (stepMs % 1000 !== 0) throw wrongOption('--step', step, 'whole seconds');
  if (toMs < fromMs) throw wrongOption('--to', to, 'a time not before --from');
  const steps = stepsBetween(fromMs, toMs, stepMs);
  if (steps.count <= MAX_STEPS) return steps;
  throw new CommandError(
    EXIT.usage,
    `--step: ${step} makes ${String(steps.count)} steps, expected at most ${String(MAX_STEPS)}`,
  );
}

/**
 * Prometheus reads a timestamp as a double of seconds and truncates it to the millisecond, which may be the
 * previous one.
 */
function wholeSecond(name: string, text: string): number {
  const timeMs = timeOption(name, text);
  if (timeMs % 1000 === 0) return timeMs;
  throw wrongOption(name, text, 'a whole second');
}

function asked(glob: string | undefined): (familyName: string) => boolean {
  if (glob === undefined) return isDefault;
  const pattern = globPattern(glob);
  if (ENTITY_FAMILIES.some(({ name }) => pattern.test(name))) return (name) => pattern.test(name);
  throw new CommandError(
    EXIT.usage,
    `--families: ${glob.slice(0, 80)}, expected a pattern with * and ? for some of ${ENTITY_FAMILIES.map(({ name }) => name).join(', ')}`,
  );
}

/** Our counters that outlive the jobs and instances they are made from. */
function isDefault(familyName: string): boolean {
  return SUM_FAMILIES.has(familyName) && /^fleetmeter_.*_total$/.test(familyName);
}

function globPattern(glob: string): RegExp {
  const parts = glob
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${parts}$`);
}
