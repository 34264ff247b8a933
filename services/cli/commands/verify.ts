import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { wholeNumber } from '../option';
import type { Difference } from '../../replay/difference';
import type { Verified } from '../../replay/verify';
import { verify } from '../../replay/verify';
import { CommandError, EXIT } from '../exit';
import { printable } from '../printable';
import { withLogAndStore } from '../log-at-rest';
import { ledgerSettings } from '../settings';
import type { Settings } from '../settings';
import { openSteps } from '../steps';
import { counted, table } from '../table';

export const addVerify: AddCommand = (program, settings) => {
  program
    .command('verify')
    .description('recompute the metrics from the log and compare them with the store')
    .option('--project <name>', 'only of one project')
    .option('--sample <count>', 'only this many entities, drawn at random', wholeNumber)
    .addHelpText('after', examples('fleetmeter verify', 'fleetmeter verify --project main --sample 1000'))
    .action((flags: VerifyFlags) => verifyCommand(flags, settings('store')));
};

export interface VerifyFlags {
  readonly project?: string;
  readonly sample?: number;
}

/** `verify`: exit code 1 and a table if the store differs from what the log gives. */
async function verifyCommand({ project, sample }: VerifyFlags, settings: Settings): Promise<void> {
  const steps = openSteps();
  await withLogAndStore(settings, async (log, store) => {
    const verified = await verify({
      log,
      store,
      settings: ledgerSettings(settings),
      project: project ?? null,
      sample: sample ?? null,
      ...steps,
    });
    const { differences, entities } = verified;
    steps.onStep(`compared ${counted(entities, 'entity', 'entities')}`);
    if (differences.length === 0) {
      process.stdout.write('the store has what the log gives\n');
      return;
    }
    process.stdout.write(differencesText(differences));
    process.stdout.write(eventsText(verified));
    throw new CommandError(
      EXIT.no,
      `${counted(differences.length, 'difference', 'differences')}. "fleetmeter replay" repairs them: the log is the truth`,
    );
  });
}

const PRINTED_DIFFERENCES = 100;
const LONGEST_VALUE = 120;

function differencesText(differences: readonly Difference[]): string {
  const rows = differences
    .slice(0, PRINTED_DIFFERENCES)
    .map(({ partition, what, stored, recomputed }) => [
      String(partition),
      cut(stored),
      cut(recomputed),
      printable(what),
    ]);
  const rest = differences.length - rows.length;
  return (
    table([['partition', 'store', 'log', 'of'], ...rows]) + (rest > 0 ? `and ${String(rest)} more\n` : '')
  );
}

function cut(text: string): string {
  return printable(text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`);
}

function eventsText({ events }: Verified): string {
  const rows = [...events.values()]
    .flat()
    .map(({ partition, offset, time, type, source, id }) => [
      `${String(partition)}/${String(offset)}`,
      time,
      type,
      printable(source),
      printable(id),
    ]);
  return rows.length === 0
    ? ''
    : `\nmade by these records:\n${table([['at', 'time', 'type', 'source', 'id'], ...rows])}`;
}
