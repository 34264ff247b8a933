import { LABEL_NAME, fail, found, quoted, skipBlanks, take, takeMatch } from './cursor';
import type { Cursor } from './cursor';
import type { ExpositionFormat } from './page';

export type Labels = ReadonlyMap<string, string>;

/** Label sets by their text, since the samples of one GPU repeat theirs to the byte. */
export type LabelCache = Map<string, Labels>;

const NONE: Labels = new Map();

/** Reads `{name="value",…}` if it stands here. */
export function readLabels(cursor: Cursor, format: ExpositionFormat, cache: LabelCache): Labels | null {
  const start = cursor.at;
  if (!take(cursor, '{')) return NONE;
  // In a line without an exemplar this is the last brace, so the text up to it is usually known already.
  const written = cursor.text.slice(start, cursor.text.lastIndexOf('}') + 1);
  const known = cache.get(written);
  if (known !== undefined) {
    cursor.at = start + written.length;
    return known;
  }
  const labels = readPairs(cursor, format);
  if (labels !== null && cursor.at === start + written.length) cache.set(written, labels);
  return labels;
}

function readPairs(cursor: Cursor, format: ExpositionFormat): Labels | null {
  const labels = new Map<string, string>();
  const blanks = format === 'text';
  for (;;) {
    if (blanks) skipBlanks(cursor);
    if (take(cursor, '}')) return labels;
    const nameAt = cursor.at;
    const name = takeMatch(cursor, LABEL_NAME);
    if (name === null) return fail(cursor, `expected a label name or "}", found ${found(cursor)}`);
    if (blanks) skipBlanks(cursor);
    if (!take(cursor, '='))
      return fail(cursor, `expected "=" after label ${quoted(name)}, found ${found(cursor)}`);
    if (blanks) skipBlanks(cursor);
    const value = readQuoted(cursor);
    if (value === null) return null;
    if (labels.has(name)) return fail(cursor, `label ${quoted(name)} is there twice`, nameAt);
    if (name === '__name__') return fail(cursor, 'label "__name__" is the metric\'s own name', nameAt);
    labels.set(name, value);
    if (blanks) skipBlanks(cursor);
    // The text format's lexer tolerates a missing comma, OpenMetrics' does not; both accept one before "}".
    if (!take(cursor, ',') && !blanks && cursor.text[cursor.at] !== '}') {
      return fail(cursor, `expected "," or "}", found ${found(cursor)}`);
    }
  }
}

/** A quoted value. Only `\\`, `\"` and `\n` are escapes; any other backslash stays as it is. */
function readQuoted(cursor: Cursor): string | null {
  const { text } = cursor;
  const openAt = cursor.at;
  if (!take(cursor, '"'))
    return fail(cursor, `expected a label value in double quotes, found ${found(cursor)}`);
  let value = '';
  let from = cursor.at;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '"') {
      cursor.at = i + 1;
      return value + text.slice(from, i);
    }
    if (text[i] !== '\\') continue;
    const meant = ESCAPES.get(text[i + 1]);
    if (meant !== undefined) {
      value += text.slice(from, i) + meant;
      from = i + 2;
    }
    i++;
  }
  return fail(cursor, 'the label value that begins here has no closing quote', openAt);
}

const ESCAPES: ReadonlyMap<string | undefined, string> = new Map([
  ['\\', '\\'],
  ['"', '"'],
  ['n', '\n'],
]);
