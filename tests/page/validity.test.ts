/**
 * Pages of nasty histories, read by strangers: Prometheus' own promtool, and Python's parsers of both
 * formats.
 */
import { spawnSync } from 'node:child_process';
import { type Format } from '../../services/page/format';
import { foldLines, pageOf } from '../support/folded';
import { textPage, typePage } from '../support/hard-pages';
import { linesOf, makeHistory } from '../support/history';
import { readPage, readSamples } from '../support/page-series';
import { provide } from '../support/provide';
import { parseWithPython, type Parsed } from '../support/python';

const histories = Array.from({ length: 40 }, (_, seed) => {
  const history = makeHistory(seed * 7 + 1, 150);
  const folded = foldLines(linesOf(history), history.settings, history.atMs);
  return { text: pageOf(folded, 'text'), openmetrics: pageOf(folded, 'openmetrics') };
});
const hard = [textPage, typePage].map((page) => ({ text: page('text'), openmetrics: page('openmetrics') }));
const pages = [...hard, ...histories];

test('the pages are worth reading', () => {
  const all = pages.map(({ text }) => text).join('');
  for (const part of [
    '\0',
    '\r',
    '\u2028',
    '😀',
    '\ufffd',
    '\\n',
    '\\"',
    '\\\\',
    '__proto__{',
    '_total{',
    'x'.repeat(1024),
  ]) {
    expect([part, all.includes(part)]).toEqual([part, true]);
  }
});

describe('promtool check metrics', () => {
  /** Exit 3: it would name metrics otherwise, or misses a HELP text. What is no page is 1. */
  async function check(page: string): Promise<{ status: number | null; output: string }> {
    const [command, ...first] = (await provide('promtool')).argv;
    const { status, stdout, stderr } = spawnSync(command, [...first, 'check', 'metrics'], {
      input: page,
      encoding: 'utf8',
    });
    return { status: status === 3 ? 0 : status, output: stdout + stderr };
  }

  test('takes them', async () => {
    for (const { text } of pages) {
      const { status, output } = await check(text);
      expect({ status, errors: output.match(/.*\berror\b.*/g), text: status === 0 ? '' : text }).toEqual({
        status: 0,
        errors: null,
        text: '',
      });
    }
  }, 120_000);

  test('and not just anything', async () => {
    expect(await check('# TYPE x gauge\nx{a="b} 1\n')).toMatchObject({ status: 1 });
  });
});

describe('Python’s parser', () => {
  function keyed(parsed: Parsed | undefined, page: string): unknown {
    if (parsed === undefined || !('series' in parsed)) return parsed;
    // In the text format the parser gives each counter a name that ends in _total, as OpenMetrics has it.
    const counters = new Set([...page.matchAll(/^# TYPE (\w+) counter$/gm)].map(([, name = '']) => name));
    const written = (name: string): string => (counters.has(name.slice(0, -6)) ? name.slice(0, -6) : name);
    return new Map(
      parsed.series.map(([name, labels, value]) => {
        const pairs = labels.map(([key, label]) => `${key}=${JSON.stringify(label)}`);
        return [`${written(name)}{${pairs.join(',')}}`, value];
      }),
    );
  }

  /**
   * It takes no label whose name begins with two underscores, which are Prometheus' own to it; Prometheus
   * takes them.
   */
  const readable = pages.filter(
    ({ text }) => !readSamples(text).some(({ labels }) => labels.some(([key]) => key.startsWith('__'))),
  );

  test.each<Format>(['text', 'openmetrics'])('reads them in %s as they were meant', (format) => {
    expect(readable.length).toBeGreaterThan(30);
    const parsed = parseWithPython(readable.map((page) => ({ format, page: page[format] })));
    for (const [index, { text }] of readable.entries())
      expect(keyed(parsed[index], text)).toEqual(readPage(text));
  });

  test('and not just anything', () => {
    const page = '# TYPE x counter\nx_total -1\n# EOF\n';
    expect(parseWithPython([{ format: 'openmetrics', page }])).toEqual([
      { refused: expect.stringContaining('negative') as string },
    ]);
  });
});
