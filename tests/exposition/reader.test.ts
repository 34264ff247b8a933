import fc from 'fast-check';
import { MAX_BAD_LINES_KEPT, MAX_LINES } from '../../services/exposition/page';
import { readPage } from '../../services/exposition/reader';
import { read } from './support';

interface Case {
  readonly line: string;
  readonly name: string;
  readonly labels?: [string, string][];
  readonly value: number;
  readonly timestampMs?: number;
}

describe('samples of the text format', () => {
  const cases: Case[] = [
    { line: 'a 1', name: 'a', value: 1 },
    { line: 'a{} 1', name: 'a', value: 1 },
    { line: '  a\t 1 \t', name: 'a', value: 1 },
    { line: 'a:b_c9:rate5m 1', name: 'a:b_c9:rate5m', value: 1 },
    { line: '_a{_b="c"} 1', name: '_a', labels: [['_b', 'c']], value: 1 },
    { line: 'a{b="c"}1', name: 'a', labels: [['b', 'c']], value: 1 },
    { line: 'a{b="c",} 1', name: 'a', labels: [['b', 'c']], value: 1 },
    {
      line: 'a{gpu="0", UUID="GPU-1"} 1',
      name: 'a',
      labels: [
        ['gpu', '0'],
        ['UUID', 'GPU-1'],
      ],
      value: 1,
    },
    {
      line: 'a { b = "c" , d= "e" } 1',
      name: 'a',
      labels: [
        ['b', 'c'],
        ['d', 'e'],
      ],
      value: 1,
    },
    {
      line: 'a{b="c" d="e"} 1',
      name: 'a',
      labels: [
        ['b', 'c'],
        ['d', 'e'],
      ],
      value: 1,
    },
    { line: 'a{b=""} 1', name: 'a', labels: [['b', '']], value: 1 },
    { line: String.raw`a{b="q\"b\\n\n\x"} 1`, name: 'a', labels: [['b', 'q"b\\n\n\\x']], value: 1 },
    { line: 'a{b="},{=\t "} 1', name: 'a', labels: [['b', '},{=\t ']], value: 1 },
    { line: 'a{b="Ü€😀\u0000"} 1', name: 'a', labels: [['b', 'Ü€😀\u0000']], value: 1 },
    {
      line: 'a{__proto__="x",constructor="y"} 1',
      name: 'a',
      labels: [
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ],
      value: 1,
    },
    { line: '__proto__ 1', name: '__proto__', value: 1 },
    { line: 'a 33  \t123123', name: 'a', value: 33, timestampMs: 123123 },
    { line: 'a 0.000000', name: 'a', value: 0 },
    { line: 'a 7.424100000000001e-05', name: 'a', value: 7.424100000000001e-5 },
    { line: 'a +.5E+3', name: 'a', value: 500 },
    { line: 'a -5.', name: 'a', value: -5 },
    { line: 'a 9223372036854775794', name: 'a', value: 2 ** 63 },
    { line: 'a 1e-400', name: 'a', value: 0 },
    { line: 'a NaN', name: 'a', value: NaN },
    { line: 'a nan', name: 'a', value: NaN },
    { line: 'a +Inf', name: 'a', value: Infinity },
    { line: 'a -inf', name: 'a', value: -Infinity },
    { line: 'a Infinity', name: 'a', value: Infinity },
  ];
  test.each(cases)('$line', ({ line, name, labels, value, timestampMs }) => {
    const page = read(line);
    expect(page.badLines).toEqual([]);
    const expected = { line: 1, name, labels: new Map(labels), value };
    expect(page.samples).toEqual([timestampMs === undefined ? expected : { ...expected, timestampMs }]);
  });
});

describe('samples of OpenMetrics', () => {
  const cases: Case[] = [
    { line: 'a 1', name: 'a', value: 1 },
    { line: 'a{} 1', name: 'a', value: 1 },
    {
      line: 'a{b="c",d="e"} 1',
      name: 'a',
      labels: [
        ['b', 'c'],
        ['d', 'e'],
      ],
      value: 1,
    },
    { line: 'a{b="c",} 1', name: 'a', labels: [['b', 'c']], value: 1 },
    { line: 'a 33 123.1239', name: 'a', value: 33, timestampMs: 123123 },
    { line: 'a 33 -1', name: 'a', value: 33, timestampMs: -1000 },
    { line: 'a_total{b="c"} 1 # {id="x y",k="}"} 4', name: 'a_total', labels: [['b', 'c']], value: 1 },
    {
      line: 'a_bucket{le="+Inf"} 1 1.5 # {} 4 123.123',
      name: 'a_bucket',
      labels: [['le', '+Inf']],
      value: 1,
      timestampMs: 1500,
    },
  ];
  test.each(cases)('$line', ({ line, name, labels, value, timestampMs }) => {
    const page = read(`${line}\n# EOF\n`, 'openmetrics');
    expect(page.badLines).toEqual([]);
    const expected = { line: 1, name, labels: new Map(labels), value };
    expect(page.samples).toEqual([timestampMs === undefined ? expected : { ...expected, timestampMs }]);
  });
});

test('labels that are written alike are read once, and never mistaken for others', () => {
  const text = read('a{b="c"} 1\nd{b="c"} 2\ne{b="c"} } 3\nf{b="c"} } 3\ng{b="c"} 4');
  expect(text.samples.map(({ name, value }) => [name, value])).toEqual([
    ['a', 1],
    ['d', 2],
    ['g', 4],
  ]);
  expect(text.samples[1]?.labels).toBe(text.samples[0]?.labels);
  const exemplars = read('a{b="c"} 1 # {x="y"} 5\nd{b="c"} 1 # {x="y"} 5\n# EOF', 'openmetrics');
  expect(exemplars.samples.map(({ value, labels }) => [value, labels])).toEqual([
    [1, new Map([['b', 'c']])],
    [1, new Map([['b', 'c']])],
  ]);
});

test('whatever stands between two good lines, they are read', () => {
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc
      .string({ unit: fc.constantFrom(...Array.from('ab01{}="\\,# \tNaInf.e+-')), maxLength: 60 })
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(junk, fc.constantFrom('text' as const, 'openmetrics' as const), (bytes, format) => {
      const line = Buffer.from(bytes.filter((byte) => byte !== 0x0a));
      const page = read(
        Buffer.concat([Buffer.from('before{x="y"} 1\n'), line, Buffer.from('\nafter 2\n# EOF\n')]),
        format,
      );
      expect(page.samples.filter((sample) => sample.line !== 2)).toEqual([
        { line: 1, name: 'before', labels: new Map([['x', 'y']]), value: 1 },
        { line: 3, name: 'after', labels: new Map(), value: 2 },
      ]);
      expect(page.badLines.every((bad) => bad.line === 2 && bad.column <= line.length + 1)).toBe(true);
    }),
  );
});

describe('a bad line of the text format loses that line only', () => {
  test.each([
    ['a', 2, /expected a value, found the end/],
    ['a true', 3, /expected a number that a double can hold, found "true"/],
    ['a 1_2', 3, /"1_2"/],
    ['a 0x1p-3', 3, /"0x1p-3"/],
    ['a 0x1', 3, /"0x1"/],
    ['a 1e', 3, /"1e"/],
    ['a 1e400', 3, /"1e400"/],
    ['a +NaN', 3, /"\+NaN"/],
    ['a .', 3, /"\."/],
    ['a 1\r ', 3, /"1\\r"/],
    ['a {} {} 1', 6, /expected a value/],
    ['a 0 1_2', 5, /timestamp in whole milliseconds, found "1_2"/],
    ['a 0 1.5', 5, /whole milliseconds/],
    ['a 0 -1', 5, /whole milliseconds/],
    ['a 0 9007199254740993', 5, /whole milliseconds/],
    ['a 0 1 2', 7, /expected the end of the line, found "2"/],
    ["a{b='c'} 1", 5, /in double quotes/],
    ['a{b=', 5, /the end of the line/],
    ['a{b="', 5, /no closing quote/],
    ['a{b="\\"} 1', 5, /no closing quote/],
    ['a{="c"} 1', 3, /expected a label name/],
    ['a{b "c"} 1', 5, /expected "=" after label "b"/],
    ['a{,} 1', 3, /expected a label name/],
    ['a{b="c",,} 1', 9, /expected a label name/],
    ['a{b="c"', 8, /expected a label name or "}", found the end of the line/],
    ['a{b:c="d"} 1', 4, /expected "="/],
    ['a{b="c",b="d"} 1', 9, /label "b" is there twice/],
    ['a{__name__="b"} 1', 3, /__name__/],
    ['{a="ok"} 1', 1, /expected a metric name/],
    ['{"a.b",c="d"} 1', 1, /expected a metric name/],
    ['9a 1', 1, /expected a metric name/],
    ['a-b 1', 2, /number/],
    ['\uFEFFa 1', 1, /expected a metric name/],
    ['# TYPE a', 9, /expected one of counter, gauge, histogram, summary, untyped, found ""/],
    ['# TYPE a info', 9, /found "info"/],
    ['# TYPE a-b gauge', 9, /expected a blank/],
    ['# TYPE #', 8, /expected a metric name after TYPE/],
    ['# HELP 9 text', 8, /expected a metric name after HELP/],
  ])('%j', (line, column, reason) => {
    const page = read(`before 1\n${line}\nafter 2\n`);
    expect(page.badLines).toEqual([{ line: 2, column, reason: expect.stringMatching(reason) as string }]);
    expect(page.badLineCount).toBe(1);
    expect(page.samples.map(({ name, value, line }) => [name, value, line])).toEqual([
      ['before', 1, 1],
      ['after', 2, 3],
    ]);
  });

  test('a raw newline in a label value ends the line', () => {
    const page = read('a{b="x\ny"} 1\nafter 2');
    expect(page.badLines.map(({ line }) => line)).toEqual([1, 2]);
    expect(page.samples.map(({ name }) => name)).toEqual(['after']);
  });

  test('invalid UTF-8 is refused line by line, in label values, HELP and comments', () => {
    const bad = Buffer.from([0xc0, 0xa0]);
    const page = read(
      Buffer.concat([
        Buffer.from('a{b="€"} 1\na{b="'),
        bad,
        Buffer.from('"} 2\n# HELP a '),
        bad,
        Buffer.from('\n#'),
        bad,
        Buffer.from('\nc 3'),
      ]),
    );
    expect(page.badLines).toEqual([2, 3, 4].map((line) => ({ line, column: 1, reason: 'not valid UTF-8' })));
    expect(page.samples.map(({ labels, value }) => [labels.get('b'), value])).toEqual([
      ['€', 1],
      [undefined, 3],
    ]);
  });
});

describe('a bad line of OpenMetrics loses that line only', () => {
  test.each([
    [''],
    ['a  1'],
    [' a 1'],
    ['a 1 '],
    ['a 1  2'],
    ['a{b="c", d="e"} 1'],
    ['a{b="c" d="e"} 1'],
    ['a{b="c"}1'],
    ['a {b="c"} 1'],
    ['a\t1'],
    ['a 1 NaN'],
    ['a 1 +Inf'],
    ['a 1 # comment'],
    ['a 1 # {b="c"}'],
    ['a 1 # {b="c",b="d"} 1'],
    ['a 1 # {b="c"} 1 x'],
    ['a 1 # {b="c"} 1 1 1'],
    ['# a comment'],
    ['### Quickstart'],
    ['# HELP a'],
    ['# TYPE a untyped'],
    ['# TYPE a  gauge'],
    ['# UNIT a seconds'],
  ])('%j', (line) => {
    const page = read(`before 1\n${line}\nafter 2\n# EOF\n`, 'openmetrics');
    expect(page.badLines.map((bad) => bad.line)).toEqual([2]);
    expect(page.samples.map(({ name }) => name)).toEqual(['before', 'after']);
  });

  test('a page that was cut off, and lines after its end', () => {
    expect(read('a 1\n', 'openmetrics').badLines).toEqual([
      { line: 2, column: 1, reason: expect.stringMatching(/does not end with # EOF/) as string },
    ]);
    expect(read('a 1\n# EOF\nb 2', 'openmetrics').badLines).toEqual([
      { line: 3, column: 1, reason: 'stands after # EOF' },
    ]);
    expect(read('a 1\n# EOF', 'openmetrics').badLines).toEqual([]);
  });
});

describe('families', () => {
  test('of the text format: HELP and TYPE with blanks, escapes, none, for other names; comments are no fault', () => {
    const page = read(
      [
        '# HELP a The \\\\ \\n \\" way',
        '# \tTYPE  a gauge ',
        '# HELP nohelp1',
        '# HELP nohelp2 ',
        '# TYPE onlytype counter',
        '#HELP c not metadata',
        '#',
        '### Quickstart on Kubernetes',
        '# Hrandom',
        '# HELP',
        '  # TYPE b untyped',
        '# TYPE __proto__ gauge',
        '# TYPE a counter',
        '',
        '   ',
      ].join('\n'),
    );
    expect(page.badLines).toEqual([]);
    expect([...page.families]).toEqual([
      ['a', { type: 'counter', help: 'The \\ \n \\" way' }],
      ['nohelp1', { type: 'untyped', help: '' }],
      ['nohelp2', { type: 'untyped', help: '' }],
      ['onlytype', { type: 'counter', help: '' }],
      ['b', { type: 'untyped', help: '' }],
      ['__proto__', { type: 'gauge', help: '' }],
    ]);
  });

  test('of OpenMetrics: all its types, quotes unescaped in HELP, UNIT read over', () => {
    const page = read(
      '# HELP a_seconds \\"x\\" \\\\\n# TYPE a_seconds stateset\n# UNIT a_seconds seconds\n# HELP n \n# EOF\n',
      'openmetrics',
    );
    expect(page.badLines).toEqual([]);
    expect([...page.families]).toEqual([
      ['a_seconds', { type: 'stateset', help: '"x" \\' }],
      ['n', { type: 'untyped', help: '' }],
    ]);
  });
});

describe('bounds', () => {
  test('of bad lines only the first are kept, all are counted', () => {
    const page = read('?\n'.repeat(5000));
    expect(page.badLines).toHaveLength(MAX_BAD_LINES_KEPT);
    expect(page.badLineCount).toBe(5000);
  });

  test('a page of too many lines is not read', () => {
    expect(readPage(Buffer.from('a 1\n'.repeat(MAX_LINES)), 'text').kind).toBe('page');
    expect(readPage(Buffer.from('a 1\n'.repeat(MAX_LINES + 1)), 'text')).toEqual({
      kind: 'too_large',
      detail: 'the page has more than 50000 lines',
    });
  });

  // Each would take minutes if reading were quadratic anywhere.
  test.each([
    ['digits', `a ${'1'.repeat(3e5)}x`],
    ['backslashes', `a{b="${'\\'.repeat(3e5)}`],
    ['labels', `a{${Array.from({ length: 3e4 }, (_, i) => `l${String(i)}="v"`).join(',')}} 1`],
    ['braces', 'a{}}}}}}}}}}}\n'.repeat(2e4)],
    ['blanks', `a${' '.repeat(3e5)}x`],
    ['open braces', `a${'{'.repeat(3e5)}`],
    ['HELP of backslashes', `# HELP a ${'\\'.repeat(3e5)}`],
  ])('megabytes of %s', (_, text) => {
    for (const format of ['text', 'openmetrics'] as const) {
      expect(read(text, format).badLineCount + read(text, format).samples.length).toBeGreaterThanOrEqual(0);
    }
  });

  test('a reason quotes little of a long line', () => {
    expect(read(`a ${'x'.repeat(1e6)}`).badLines[0]?.reason.length).toBeLessThan(200);
    expect(read('-'.repeat(1e6)).badLines[0]?.reason.length).toBeLessThan(200);
  });
});
