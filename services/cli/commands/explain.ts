import { EVENTS_OPTION, examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { KINDS } from '../../../events/kinds';
import type { EntityKind } from '../../../events/kinds';
import { formatTime } from '../../../events/time';
import { toDouble } from '../../catalogue/family';
import type { Growth } from '../../catalogue/family';
import { MS_PER_HOUR, NANO } from '../../catalogue/money';
import { entityText } from '../../fold/fact';
import type { AnyFact } from '../../fold/kinds';
import { openEntities } from '../../history/entities';
import { openExplanation } from '../../explain/explanation';
import type { Amount, ExplainedSeries, Share } from '../../explain/explanation';
import { parseSelector } from '../../explain/selector';
import type { Selector } from '../../explain/selector';
import { formatLabels, formatValue } from '../../page/format';
import { decimalText } from '../../report/amount';
import { CommandError, EXIT } from '../exit';
import { judgeHistory } from '../history';
import type { HistorySource } from '../history';
import { printable } from '../printable';
import { timeOption } from '../option';
import { ledgerSettings } from '../settings';
import type { Settings } from '../settings';
import { table } from '../table';

export const addExplain: AddCommand = (program, settings) => {
  program
    .command('explain')
    .description('the entities and events that a figure is made of')
    .argument('<series>', 'a name with some of its labels: \'fleetmeter_jobs{dstack_project_name="main"}\'')
    .option('--at <time>', 'as of when, RFC 3339; default: now, or for a file the time of its newest event')
    .option(...EVENTS_OPTION)
    .addHelpText(
      'after',
      examples(
        'fleetmeter explain \'fleetmeter_usage_cost_dollars_total{dstack_project_name="main"}\'',
        'fleetmeter explain fleetmeter_jobs --at 2026-11-24T08:00:00Z --events fleet.ndjson',
      ),
    )
    .action((series: string, options: ExplainOptions) => explain(series, options, settings('log')));
};

export interface ExplainOptions extends HistorySource {
  readonly at?: string;
}

/**
 * `explain`: the entities and events that a figure is made of. For the log, figures are the present ones, as
 * on the page (except for holds); for a file, they are as of its newest event, as `render` has them.
 */
export async function explain(series: string, options: ExplainOptions, settings: Settings): Promise<void> {
  const parsed = parseSelector(series);
  if (!parsed.ok) throw new CommandError(EXIT.usage, `SERIES: ${printable(parsed.detail)}`);
  const asOfMs = options.at === undefined ? null : timeOption('--at', options.at);
  const explanation = openExplanation(parsed.selector, asOfMs);
  const fold = openEntities(ledgerSettings(settings), settings.partitions, -Infinity, (entity) => {
    explanation.add(entity);
  });
  await judgeHistory(options, settings, fold);
  const newestMs = fold.finish() ?? 0;
  const atMs = asOfMs ?? (options.events === undefined ? Math.max(newestMs, Date.now()) : newestMs);
  const explained = explanation.finish(atMs);
  if (explained.length === 0)
    throw new CommandError(EXIT.no, `no such series as of ${formatTime(atMs)}: ${printable(series)}`);
  for (const one of explained)
    for (const line of textOf(one, parsed.selector, atMs)) process.stdout.write(`${line}\n`);
}

const TITLES = ['amount', 'entity', 'status', 'from', 'to', 'how'];

function* textOf(series: ExplainedSeries, { name }: Selector, atMs: number): Generator<string> {
  const labels = formatLabels(series.labelNames, series.labels);
  yield printable(`${name}{${labels}} ${pageText(series.total)}`);
  yield `as of ${formatTime(atMs)}`;
  const rows = series.shares.map((share) => rowOf(share, atMs));
  const text = table([TITLES, ...rows, [exactText(series.total), sumText(series)]]);
  const [head = '', ...lines] = text.split('\n').map((line) => line.trimEnd());
  yield `  ${head}`;
  for (const [i, { entity }] of series.shares.entries()) {
    yield `  ${lines[i] ?? ''}`;
    for (const fact of entity.facts) yield `      ${printable(factText(entity.id.kind, fact))}`;
  }
  yield `  ${lines[series.shares.length] ?? ''}`;
  yield '';
}

function sumText({ shares, idleBearers }: ExplainedSeries): string {
  const others = idleBearers === 0 ? '' : `; ${String(idleBearers)} more add nothing`;
  return `sum of ${String(shares.length)}${others}`;
}

function rowOf({ entity, figures, amount, growth }: Share, atMs: number): readonly string[] {
  const { startMs, status, timeline } = figures.entity;
  const fromMs = growth === undefined ? startMs : (growth.accrual.startsMs[0] ?? startMs);
  const to = timeline.finish === undefined ? '' : formatTime(timeline.finish.timeMs);
  const how = growth === undefined ? '' : growthText(growth, amount, atMs);
  return [exactText(amount), printable(entityText(entity.id)), status, formatTime(fromMs), to, how];
}

// ---- texts ------------------------------------------------------------------------------------------------

/** As the page prints it. */
function pageText(amount: Amount): string {
  return formatValue('units' in amount ? toDouble(amount.units, amount.per) : amount.value);
}

/** All its digits, since it is a whole number. */
function exactText(amount: Amount): string {
  if (!('units' in amount)) return formatValue(amount.value);
  return decimalText(amount.units, String(amount.per).length - 1);
}

/** Segments that are written out. */
const WRITTEN_SEGMENTS = 4;

/** `98.32 $/h × 366.15 s + 97 $/h × 12 s, 1/2 of it`: what the amount was computed from. */
function growthText({ accrual, numerator, denominator }: Growth, amount: Amount, atMs: number): string {
  const isMoney = 'per' in amount && amount.per === NANO;
  const segments = accrual.startsMs.flatMap((startMs, i) => {
    const rate = accrual.rates[i] ?? 0;
    const ms = Math.min(accrual.startsMs[i + 1] ?? atMs, atMs) - startMs;
    return rate === 0 || ms <= 0 ? [] : [{ rate, ms }];
  });
  const seconds = (ms: number): string => `${formatValue(ms / 1000)} s`;
  const written = segments
    .slice(0, WRITTEN_SEGMENTS)
    .map(({ rate, ms }) =>
      isMoney ? `${formatValue(rate / NANO)} $/h × ${seconds(ms)}` : `${String(numerator)} × ${seconds(ms)}`,
    );
  const rest = segments.slice(WRITTEN_SEGMENTS);
  if (rest.length > 0)
    written.push(`${String(rest.length)} more over ${seconds(rest.reduce((sum, { ms }) => sum + ms, 0))}`);
  if (!isMoney || denominator === MS_PER_HOUR || written.length === 0) return written.join(' + ');
  return `${written.join(' + ')}, ${String(numerator)}/${String(denominator / MS_PER_HOUR)} of it`;
}

function factText(kind: EntityKind, fact: AnyFact): string {
  const price =
    fact.nanoDollarsPerHour === undefined ? '' : ` ${formatValue(fact.nanoDollarsPerHour / NANO)} $/h`;
  const said = `${fact.status === undefined ? '' : ` ${fact.status}`}${price}`;
  return `${formatTime(fact.timeMs)} ${typeText(kind, fact)}${said}: ${fact.id} of ${fact.source}`;
}

/** As in the event's type, without what all types have in common. */
function typeText(kind: EntityKind, { verb }: AnyFact): string {
  const type = KINDS[kind].events.find((event) => event.verb === verb)?.type ?? `${kind}.${verb}`;
  return type.replace(/^fleetmeter\.|\.v1$/g, '');
}
