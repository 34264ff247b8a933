import { Option } from 'commander';
import { REFUSAL_REASONS } from '../../../events/refusal';
import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { DEAD_LETTER_BYTES } from '../../../events/dead-letter';
import type { RefusalReason } from '../../../events/refusal';
import { TOPIC_NAMES } from '../../../events/routing';
import { formatTime } from '../../../events/time';
import { topicOf } from '../../dead-letters/letter';
import { newestLetters, readLetters } from '../../dead-letters/letters';
import type { Found } from '../../dead-letters/letters';
import { redrive } from '../../dead-letters/redrive';
import type { Redriven } from '../../dead-letters/redrive';
import type { OwnedTopic } from '../../log/port';
import { CommandError, EXIT } from '../exit';
import { logAway, withLog } from '../log-at-rest';
import { printable } from '../printable';
import { timeOption, wholeNumber } from '../option';
import type { Settings } from '../settings';
import { table } from '../table';

export const addDeadLetters: AddCommand = (program, settings) => {
  const letters = program.command('dead-letters').description('look at what was refused, and send it again');
  const reason = (): Option =>
    new Option('--reason <reason>', 'only those refused for this reason').choices(REFUSAL_REASONS);
  letters
    .command('list')
    .description('what was refused, the newest last')
    .addOption(reason())
    .addOption(new Option('--topic <topic>', 'those of it').choices(['lifecycle', 'telemetry']))
    .option('--since <time>', 'only those appended to the log since then, RFC 3339')
    .option('--limit <count>', 'how many of the newest', wholeNumber, 50)
    .option('--json', 'whole letters, one a line', false)
    .addHelpText(
      'after',
      examples(
        'fleetmeter dead-letters list',
        'fleetmeter dead-letters list --reason too_late --since 2026-11-24T08:00:00Z --json',
      ),
    )
    .action((options: ListOptions) => listLetters(options, settings('log')));
  letters
    .command('show')
    .description('one letter, with as much of the record as it has')
    .argument('<id>', 'TOPIC/PARTITION/OFFSET, as list has it')
    .addHelpText('after', examples('fleetmeter dead-letters show lifecycle/3/17'))
    .action((id: string) => showLetter(id, settings('log')));
  letters
    .command('redrive')
    .description('put the records on the log again, to be judged again; none is sent twice')
    .argument('[id...]', 'TOPIC/PARTITION/OFFSET')
    .addOption(reason())
    .option('--all', 'all of them', false)
    .addHelpText(
      'after',
      examples(
        'fleetmeter dead-letters redrive lifecycle/3/17',
        'fleetmeter dead-letters redrive --reason unknown_type',
      ),
    )
    .action((ids: string[], options: RedriveOptions) => redriveLetters(ids, options, settings('log')));
};

export interface ListOptions {
  readonly reason?: RefusalReason;
  readonly topic?: OwnedTopic;
  readonly since?: string;
  readonly limit: number;
  readonly json: boolean;
}

/** `dead-letters list`: what was refused recently, the newest last. */
export function listLetters(options: ListOptions, settings: Settings): Promise<void> {
  const { reason, topic, limit, json } = options;
  const sinceMs = options.since === undefined ? -Infinity : timeOption('--since', options.since);
  const isAsked = ({ letter, timeMs }: Found): boolean =>
    (reason === undefined || letter.reason === reason) &&
    (topic === undefined || topicOf(letter) === topic) &&
    timeMs >= sinceMs;
  return withLog(settings, 'refuse', async (log) => {
    const { newest, count } = await newestLetters(log, isAsked, limit);
    process.stdout.write(json ? newest.map(jsonLine).join('') : tableOf(newest));
    if (count > newest.length)
      process.stderr.write(`${String(count - newest.length)} more are older: --limit shows more\n`);
  });
}

function jsonLine({ id, letter, redrivenMs }: Found): string {
  const redriven = redrivenMs === null ? {} : { redriven: formatTime(redrivenMs) };
  return `${JSON.stringify({ id, ...letter, ...redriven })}\n`;
}

function tableOf(letters: readonly Found[]): string {
  if (letters.length === 0) return 'no dead letters\n';
  const rows = letters.map(({ id, letter, redrivenMs }) => [
    printable(id),
    letter.time,
    letter.reason,
    String(letter.bytes),
    redrivenMs === null ? '' : formatTime(redrivenMs),
    printable(letter.detail),
  ]);
  return table([['id', 'appended', 'reason', 'bytes', 'redriven', 'detail'], ...rows]);
}

/** `dead-letters show`: one letter, with as much of the record as it has. */
export function showLetter(id: string, settings: Settings): Promise<void> {
  return withLog(settings, 'refuse', async (log) => {
    const name = fullId(id);
    for await (const found of readLetters(log)) {
      if (found.id !== name) continue;
      process.stdout.write(`${letterText(found)}\n`);
      return;
    }
    throw new CommandError(EXIT.no, `there is no dead letter ${printable(name)}`);
  });
}

/** `lifecycle/3/17` is as good as `fleetmeter.lifecycle/3/17`. */
function fullId(id: string): string {
  const [topic, ...rest] = id.split('/');
  if (topic !== 'lifecycle' && topic !== 'telemetry') return id;
  return [TOPIC_NAMES[topic], ...rest].join('/');
}

function letterText({ id, letter, redrivenMs }: Found): string {
  const { reason, detail, time, key, bytes, value, value_base64: base64 } = letter;
  const cut = bytes > DEAD_LETTER_BYTES ? `, of which the first ${String(DEAD_LETTER_BYTES)} are here` : '';
  const rows = [
    ['id', printable(id)],
    ['reason', reason],
    ['detail', printable(detail)],
    ['appended', time],
    ['key', key === null ? 'none' : printable(key)],
    ['bytes', `${String(bytes)}${cut}`],
    ['redriven', redrivenMs === null ? 'no' : formatTime(redrivenMs)],
  ];
  return `${table(rows)}\n${value === undefined ? `in base64: ${base64 ?? ''}` : valueText(value)}`;
}

function valueText(value: string): string {
  try {
    return printableLines(JSON.stringify(JSON.parse(value), null, 2));
  } catch {
    return printableLines(value);
  }
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

export interface RedriveOptions {
  readonly all: boolean;
  readonly reason?: RefusalReason;
}

/** `dead-letters redrive`: puts the records of letters on the log again, where they are judged again. */
export function redriveLetters(
  ids: readonly string[],
  { all, reason }: RedriveOptions,
  settings: Settings,
): Promise<void> {
  const given = [all, reason !== undefined, ids.length > 0].filter(Boolean).length;
  if (given !== 1) throw new CommandError(EXIT.usage, 'expected one of ID..., --reason REASON, --all');
  const names = new Set(ids.map(fullId));
  const isAsked = ({ id, letter }: Found): boolean => all || letter.reason === reason || names.has(id);
  return withLog(settings, 'refuse', async (log) => {
    const missing = new Set(names);
    const redriven = await redrive(
      log,
      (found) => {
        missing.delete(found.id);
        return isAsked(found);
      },
      Date.now,
    );
    if (redriven.kind === 'unavailable')
      throw logAway(`${redriven.detail}; ${String(redriven.sent)} records were sent again`);
    reportRedriven(redriven, [...missing], ids.length > 0);
  });
}

function reportRedriven(redriven: Redriven, missing: readonly string[], isByName: boolean): void {
  const { sent, before, gone, unreadable } = redriven;
  process.stdout.write(`${String(sent)} sent again, to be judged again\n`);
  if (before > 0) process.stdout.write(`${String(before)} had already been sent again\n`);
  const undone: readonly (readonly [readonly string[], string])[] = [
    [unreadable, 'still can’t be read as an event'],
    [gone, 'no longer on the log'],
    [missing, 'no such dead letter'],
  ];
  for (const [ids, why] of undone) {
    if (ids.length === 0) continue;
    const some = ids.slice(0, PRINTED_IDS).map(printable).join(', ');
    const rest = ids.length > PRINTED_IDS ? ', …' : '';
    process.stdout.write(`${String(ids.length)} ${why}: ${some}${rest}\n`);
  }
  if (isByName && undone.some(([ids]) => ids.length > 0))
    throw new CommandError(EXIT.no, 'not all of those named were sent again');
}

const PRINTED_IDS = 10;
