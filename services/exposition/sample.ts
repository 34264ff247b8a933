import { METRIC_NAME, atEnd, fail, found, quoted, skipBlanks, take, takeMatch } from './cursor';
import type { Cursor } from './cursor';
import { readLabels } from './labels';
import type { LabelCache } from './labels';
import { parseMilliseconds, parseSeconds, parseValue } from './number';
import type { Sample } from './page';

const TEXT_TOKEN = /[^{ \t]+/y;
const OPENMETRICS_TOKEN = /[^ ]+/y;

/**
 * A sample line of the text format 0.0.4, after Prometheus' `promlex.l`: blanks may stand between all tokens.
 */
export function readTextSample(cursor: Cursor, line: number, cache: LabelCache): Sample | null {
  skipBlanks(cursor);
  const name = readName(cursor);
  if (name === null) return null;
  skipBlanks(cursor);
  const labels = readLabels(cursor, 'text', cache);
  if (labels === null) return null;
  skipBlanks(cursor);
  const value = readValue(cursor, TEXT_TOKEN);
  if (value === null) return null;
  skipBlanks(cursor);
  if (atEnd(cursor)) return { line, name, labels, value };
  const timestampMs = readTimestamp(cursor, TEXT_TOKEN, parseMilliseconds, 'whole milliseconds');
  if (timestampMs === null) return null;
  skipBlanks(cursor);
  if (!atEnd(cursor)) return fail(cursor, `expected the end of the line, found ${found(cursor)}`);
  return { line, name, labels, value, timestampMs };
}

/**
 * A sample line of OpenMetrics 1.0, after Prometheus' `openmetricslex.l`: one space between tokens; an
 * exemplar is skipped.
 */
export function readOpenMetricsSample(cursor: Cursor, line: number, cache: LabelCache): Sample | null {
  const name = readName(cursor);
  if (name === null) return null;
  const labels = readLabels(cursor, 'openmetrics', cache);
  if (labels === null) return null;
  if (!take(cursor, ' ')) return fail(cursor, `expected a space and a value, found ${found(cursor)}`);
  const value = readValue(cursor, OPENMETRICS_TOKEN);
  if (value === null) return null;
  if (atEnd(cursor)) return { line, name, labels, value };
  if (cursor.text.startsWith(' # {', cursor.at)) {
    return skipExemplar(cursor) === null ? null : { line, name, labels, value };
  }
  if (!take(cursor, ' ')) return fail(cursor, `expected a space and a timestamp, found ${found(cursor)}`);
  const timestampMs = readTimestamp(cursor, OPENMETRICS_TOKEN, parseSeconds, 'seconds');
  if (timestampMs === null) return null;
  if (!atEnd(cursor) && skipExemplar(cursor) === null) return null;
  return { line, name, labels, value, timestampMs };
}

function readName(cursor: Cursor): string | null {
  return takeMatch(cursor, METRIC_NAME) ?? fail(cursor, `expected a metric name, found ${found(cursor)}`);
}

function readValue(cursor: Cursor, token: RegExp): number | null {
  const at = cursor.at;
  const text = takeMatch(cursor, token);
  if (text === null) return fail(cursor, `expected a value, found ${found(cursor)}`);
  return (
    parseValue(text) ?? fail(cursor, `expected a number that a double can hold, found ${quoted(text)}`, at)
  );
}

function readTimestamp(
  cursor: Cursor,
  token: RegExp,
  parse: (text: string) => number | null,
  unit: string,
): number | null {
  const at = cursor.at;
  const text = takeMatch(cursor, token);
  if (text === null) return fail(cursor, `expected a timestamp, found ${found(cursor)}`);
  return parse(text) ?? fail(cursor, `expected a timestamp in ${unit}, found ${quoted(text)}`, at);
}

/** Skips ` # {labels} value [timestamp]`, which must be well-formed. */
function skipExemplar(cursor: Cursor): true | null {
  if (!take(cursor, ' # ')) return fail(cursor, `expected the end of the line, found ${found(cursor)}`);
  if (cursor.text[cursor.at] !== '{')
    return fail(cursor, `expected an exemplar's labels, found ${found(cursor)}`);
  if (readLabels(cursor, 'openmetrics', new Map()) === null) return null;
  if (!take(cursor, ' ')) return fail(cursor, `expected a space and a value, found ${found(cursor)}`);
  if (readValue(cursor, OPENMETRICS_TOKEN) === null) return null;
  if (take(cursor, ' ') && readTimestamp(cursor, OPENMETRICS_TOKEN, parseSeconds, 'seconds') === null)
    return null;
  return atEnd(cursor) || fail(cursor, `expected the end of the line, found ${found(cursor)}`);
}
