import { isUtf8 } from 'node:buffer';
import { cursorOf, fail } from './cursor';
import type { Cursor } from './cursor';
import type { LabelCache } from './labels';
import { readOpenMetricsMetadata, readTextMetadata } from './metadata';
import { MAX_BAD_LINES_KEPT, MAX_LINES } from './page';
import type { BadLine, ExpositionFormat, Family, Page, PageTooLarge, Sample } from './page';
import { readOpenMetricsSample, readTextSample } from './sample';

/**
 * Reads an exporter's page: the Prometheus text format 0.0.4 or OpenMetrics 1.0, in time linear in its
 * length.
 *
 * Valid is what Prometheus' own parser takes (prometheus/prometheus `model/textparse`), line by line: a bad
 * line doesn't affect the others. docs/reference/gpu.md lists the exceptions, `npm run bench -- corpora`
 * compares. An OpenMetrics page without `# EOF` was cut off: its lines are taken and the lack is reported as
 * a bad line.
 */
export function readPage(bytes: Buffer, format: ExpositionFormat): Page | PageTooLarge {
  const families = new Map<string, Family>();
  const samples: Sample[] = [];
  const badLines: BadLine[] = [];
  const cache: LabelCache = new Map();
  const at = { line: 0, ended: false };
  let badLineCount = 0;

  const refuse = (column: number, reason: string): void => {
    if (badLineCount++ < MAX_BAD_LINES_KEPT) badLines.push({ line: at.line, column, reason });
  };
  const describe = (name: string, part: Partial<Family>): void => {
    families.set(name, { ...(families.get(name) ?? { type: 'untyped', help: '' }), ...part });
  };
  const readMetadata = (cursor: Cursor): void => {
    const said = format === 'text' ? readTextMetadata(cursor) : readOpenMetricsMetadata(cursor);
    if (said?.kind === 'type') describe(said.name, { type: said.type });
    if (said?.kind === 'help') describe(said.name, { help: said.help });
    if (said?.kind === 'end') at.ended = true;
  };
  const readSample = (cursor: Cursor): void => {
    const read = format === 'text' ? readTextSample : readOpenMetricsSample;
    const sample = read(cursor, at.line, cache);
    if (sample !== null) samples.push(sample);
  };

  for (const text of linesOf(bytes, format)) {
    if (++at.line > MAX_LINES)
      return { kind: 'too_large', detail: `the page has more than ${MAX_LINES} lines` };
    if (text === null) {
      refuse(1, 'not valid UTF-8');
      continue;
    }
    const cursor = cursorOf(text);
    if (at.ended) fail(cursor, 'stands after # EOF');
    else if (isComment(text, format)) readMetadata(cursor);
    else if (format === 'openmetrics' || !BLANK.test(text)) readSample(cursor);
    if (cursor.fault !== null) refuse(cursor.fault.column, cursor.fault.reason);
  }
  if (format === 'openmetrics' && !at.ended) {
    at.line++;
    refuse(1, 'the page does not end with # EOF: it was cut off, or is not OpenMetrics');
  }
  return { kind: 'page', families, samples, badLines, badLineCount };
}

/**
 * The lines of a page, null for one that is not valid UTF-8. In the text format they may end in CRLF:
 * dstack's parser, which is Python's, accepts that, although Prometheus fails the scrape.
 */
function* linesOf(bytes: Buffer, format: ExpositionFormat): Generator<string | null> {
  const allUtf8 = isUtf8(bytes);
  for (let from = 0; from < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, from);
    let end = newline < 0 ? bytes.length : newline;
    const next = end + 1;
    if (format === 'text' && end > from && bytes[end - 1] === CARRIAGE_RETURN) end--;
    const isText = allUtf8 || isUtf8(bytes.subarray(from, end));
    yield isText ? bytes.toString('utf8', from, end) : null;
    from = next;
  }
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const COMMENT_START = /^[ \t]*#/;
const BLANK = /^[ \t]*$/;

function isComment(text: string, format: ExpositionFormat): boolean {
  return format === 'text' ? COMMENT_START.test(text) : text.startsWith('#');
}
