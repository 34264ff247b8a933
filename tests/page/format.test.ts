import fc from 'fast-check';
import { escapeLabel, formatLabels, formatValue, header } from '../../services/page/format';
import { readPage } from '../support/page-series';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('\\', '"', '\n', 'n', '\r', '\0', '\t', '{', '}', ',', '=', '😀', '\u2028'),
  }),
);

test('labels of any texts are read back as they were', () => {
  fc.assert(
    fc.property(fc.array(anyText, { minLength: 1, maxLength: 5 }), (values) => {
      const names = values.map((_, index) => `l${index}`);
      const page = `# TYPE m gauge\nm{${formatLabels(names, values)}} 1\n`;
      const key = `m{${values.map((value, index) => `l${index}=${JSON.stringify(value)}`).join(',')}}`;
      expect([...readPage(page).keys()]).toEqual([key]);
    }),
    { numRuns: 1000 },
  );
});

test('what a page must not have within a line is escaped, and nothing else', () => {
  expect(escapeLabel('a\\b"c\nd')).toBe('a\\\\b\\"c\\nd');
  expect(escapeLabel("tab\tcr\r'{x=1} é")).toBe("tab\tcr\r'{x=1} é");
});

test.each([
  ['text', 'x_total', 'counter', 'h', '# HELP x_total h\n# TYPE x_total counter\n'],
  ['openmetrics', 'x_total', 'counter', 'h', '# HELP x h\n# TYPE x counter\n'],
  ['text', 'x', 'counter', 'h', '# HELP x h\n# TYPE x counter\n'],
  ['openmetrics', 'x', 'counter', 'h', '# HELP x h\n# TYPE x unknown\n'],
  ['openmetrics', 'x_total', 'gauge', 'h', '# HELP x_total h\n# TYPE x_total gauge\n'],
  ['text', 'x', 'unknown', 'h', '# HELP x h\n# TYPE x untyped\n'],
  ['openmetrics', 'x_total', 'unknown', 'h', '# HELP x_total h\n# TYPE x_total unknown\n'],
  ['text', 'x', 'gauge', 'a "b"\\\nc', '# HELP x a "b"\\\\\\nc\n# TYPE x gauge\n'],
  ['openmetrics', 'x', 'gauge', 'a "b"\\\nc', '# HELP x a \\"b\\"\\\\\\nc\n# TYPE x gauge\n'],
] as const)('the header in %s of %s as %s', (format, name, type, help, expected) => {
  expect(header(format, name, type, help)).toBe(expected);
});

test.each([
  [0.1, '0.1'],
  [-0, '0'],
  [1e21, '1e+21'],
  [5e-324, '5e-324'],
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [NaN, 'NaN'],
])('%p is printed as JavaScript prints it, or as Prometheus has it: %s', (value, text) => {
  expect(formatValue(value)).toBe(text);
});
