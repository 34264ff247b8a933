import { openDayFiles } from '../../archive/days';
import { SUM_FAMILIES } from '../../catalogue/index';
import { openEntities } from '../../history/entities';
import { FAMILIES } from '../../history/openmetrics';
import { stepsBetween } from '../../history/steps';
import type { Steps } from '../../history/steps';
import { CommandError, EXIT } from '../exit';
import { judgeHistory } from '../history';
import type { HistorySource } from '../history';
import { timeOption } from './render';
import { ledgerSettings } from '../settings';
import type { Settings } from '../settings';

export interface BackfillOptions extends HistorySource {
  readonly from: string;
  readonly to: string;
  readonly step: string;
  readonly families?: string;
  readonly out: string;
}

/** `backfill`: the ledger as of each step between two moments, as OpenMetrics for promtool, a file a UTC day. */
export async function backfill(options: BackfillOptions, settings: Settings): Promise<void> {
  const steps = stepsOf(options);
  const isAsked = asked(options.families);
  const files = openDayFiles(options.out, steps, isAsked);
  try {
    const fold = openEntities(ledgerSettings(settings), settings.partitions, steps.fromMs, (entity) => {
      files.backfill.add(entity);
    });
    await judgeHistory(options, settings, fold);
    fold.finish();
    const paths = await files.write();
    for (const path of paths) process.stdout.write(`${path}\n`);
    if (paths.length === 0)
      throw new CommandError(EXIT.no, 'there is nothing to fill in: no entity was known by then');
  } finally {
    files.close();
  }
}

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
/** A year at half a minute: more is a mistake in --step. */
const MAX_STEPS = 1_051_200;

function stepsOf({ from, to, step }: BackfillOptions): Steps {
  const fromMs = wholeSecond('--from', from);
  const toMs = wholeSecond('--to', to);
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(step);
  const stepMs = Number(match?.[1]) * (UNITS_MS.get(match?.[2] ?? '') ?? NaN);
  if (Number.isNaN(stepMs))
    throw new CommandError(
      EXIT.usage,
      `--step: ${step.slice(0, 40)}, expected a duration such as 30s, 5m or 1h`,
    );
  if (toMs < fromMs) throw new CommandError(EXIT.usage, `--to: ${to}, expected a time not before --from`);
  const steps = stepsBetween(fromMs, toMs, stepMs);
  if (steps.count <= MAX_STEPS) return steps;
  throw new CommandError(
    EXIT.usage,
    `--step: ${step} makes ${String(steps.count)} steps, expected at most ${String(MAX_STEPS)}`,
  );
}

/** Prometheus reads a timestamp as a double of seconds and cuts it to the millisecond, which may be the one before. */
function wholeSecond(name: string, text: string): number {
  const timeMs = timeOption(name, text);
  if (timeMs % 1000 === 0) return timeMs;
  throw new CommandError(EXIT.usage, `${name}: ${text}, expected a whole second`);
}

function asked(glob: string | undefined): (familyName: string) => boolean {
  if (glob === undefined) return isDefault;
  const pattern = globPattern(glob);
  if (FAMILIES.some(({ name }) => pattern.test(name))) return (name) => pattern.test(name);
  throw new CommandError(
    EXIT.usage,
    `--families: ${glob.slice(0, 80)}, expected a pattern with * and ? for some of ${FAMILIES.map(({ name }) => name).join(', ')}`,
  );
}

/** Counters of ours that outlive the jobs and instances that they are made of. */
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
