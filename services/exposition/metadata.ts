import { METRIC_NAME, fail, found, quoted, skipBlanks, take, takeMatch } from './cursor';
import type { Cursor } from './cursor';

/** What a line that begins with `#` says. */
type Metadata =
  | { readonly kind: 'type'; readonly name: string; readonly type: string }
  | { readonly kind: 'help'; readonly name: string; readonly help: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'comment' };

const COMMENT: Metadata = { kind: 'comment' };
const TEXT_KEYWORD = /(?:HELP|TYPE)(?=[ \t])/y;
const OPENMETRICS_KEYWORD = /(?:HELP|TYPE|UNIT)(?= )/y;
const TEXT_TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
const OPENMETRICS_TYPES = new Set([
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
  'unknown',
]);

/**
 * `# HELP`, `# TYPE` or any comment of the text format; a keyword needs a blank on both sides, otherwise it
 * is a comment.
 */
export function readTextMetadata(cursor: Cursor): Metadata | null {
  skipBlanks(cursor);
  take(cursor, '#');
  const afterHash = cursor.at;
  skipBlanks(cursor);
  if (cursor.at === afterHash) return COMMENT;
  const keyword = takeMatch(cursor, TEXT_KEYWORD);
  if (keyword === null) return COMMENT;
  skipBlanks(cursor);
  const name = takeMatch(cursor, METRIC_NAME);
  if (name === null) return fail(cursor, `expected a metric name after ${keyword}, found ${found(cursor)}`);
  const rest = cursor.text.slice(cursor.at);
  if (rest !== '' && !/^[ \t]/.test(rest)) return fail(cursor, `expected a blank, found ${found(cursor)}`);
  if (keyword === 'TYPE') return typeOf(cursor, name, rest.trim(), TEXT_TYPES);
  return { kind: 'help', name, help: unescape(rest.slice(1), TEXT_HELP_ESCAPE) };
}

/** `# HELP`, `# TYPE`, `# UNIT` (checked and left) or `# EOF` of OpenMetrics, which has no other comments. */
export function readOpenMetricsMetadata(cursor: Cursor): Metadata | null {
  if (cursor.text === '# EOF') return { kind: 'end' };
  take(cursor, '# ');
  const keyword = takeMatch(cursor, OPENMETRICS_KEYWORD);
  if (keyword === null) return fail(cursor, 'expected "# HELP", "# TYPE", "# UNIT" or "# EOF"', 0);
  take(cursor, ' ');
  const name = takeMatch(cursor, METRIC_NAME);
  if (name === null) return fail(cursor, `expected a metric name after ${keyword}, found ${found(cursor)}`);
  if (!take(cursor, ' ')) return fail(cursor, `expected a space, found ${found(cursor)}`);
  const rest = cursor.text.slice(cursor.at);
  if (keyword === 'TYPE') return typeOf(cursor, name, rest, OPENMETRICS_TYPES);
  if (keyword === 'HELP') return { kind: 'help', name, help: unescape(rest, OPENMETRICS_HELP_ESCAPE) };
  if (rest !== '' && !name.endsWith(`_${rest}`)) {
    return fail(cursor, `unit ${quoted(rest)} is no suffix of ${quoted(name)}`);
  }
  return COMMENT;
}

function typeOf(cursor: Cursor, name: string, type: string, types: ReadonlySet<string>): Metadata | null {
  if (types.has(type)) return { kind: 'type', name, type };
  return fail(cursor, `expected one of ${[...types].join(', ')}, found ${quoted(type)}`);
}

const TEXT_HELP_ESCAPE = /\\([\\n])/g;
const OPENMETRICS_HELP_ESCAPE = /\\([\\n"])/g;

function unescape(help: string, escape: RegExp): string {
  return help.replace(escape, (_, meant: string) => (meant === 'n' ? '\n' : meant));
}
