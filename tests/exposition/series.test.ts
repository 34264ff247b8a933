import { LIMITS, seriesOf } from '../../services/exposition/series';
import { read } from './support';

const NOTHING = { gpu_field: 0, not_a_number: 0, reserved_name: 0, composite: 0, limit: 0 };

test('labels are written once for all values that share them, in the order of the page', () => {
  const page = read(
    [
      '# HELP u Use.',
      '# TYPE u gauge',
      'u{gpu="0", UUID="G0"} 1',
      'u{gpu="1",UUID="G1"} 2',
      't{UUID="G0",gpu="0"} 3',
      't{gpu="1",UUID="G1"} 4 1000',
      'plain 5',
    ].join('\n'),
  );
  expect(seriesOf(page)).toEqual({
    families: { u: { type: 'gauge', help: 'Use.' } },
    series: [
      { labels: { gpu: '0', UUID: 'G0' }, values: { u: 1, t: 3 } },
      { labels: { gpu: '1', UUID: 'G1' }, values: { u: 2 } },
      { labels: { gpu: '1', UUID: 'G1' }, values: { t: 4 }, timestamp_ms: 1000 },
      { labels: {}, values: { plain: 5 } },
    ],
    values: 5,
    leftOut: NOTHING,
    refused: [],
    refusedCount: 0,
  });
});

test('of a series that is there twice the first holds; what is no number is counted; a label too long loses its line', () => {
  const page = read(
    `a{x="1"} 1\na{x="1"} 2\nb NaN\nc +Inf\nd{x="${'é'.repeat(512)}"} 1\nd{x="${'é'.repeat(513)}"} 2\nd{x="${'é'.repeat(513)}",y=""} 2`,
  );
  const { series, refused, refusedCount, leftOut } = seriesOf(page);
  expect(series.map(({ values }) => values)).toEqual([{ a: 1 }, { d: 1 }]);
  expect(refused).toEqual([
    { line: 2, column: 1, reason: 'the same series as on a line before' },
    { line: 6, column: 1, reason: 'the value of label "x" has more than 1024 bytes' },
    { line: 7, column: 1, reason: 'the value of label "x" has more than 1024 bytes' },
  ]);
  expect(refusedCount).toBe(3);
  expect(leftOut).toEqual({ ...NOTHING, not_a_number: 2, limit: 2 });
});

test('names such as __proto__ are names like any other', () => {
  const text = JSON.stringify(seriesOf(read('# TYPE __proto__ gauge\n__proto__{__proto__="x"} 1')));
  expect(text).toContain('"families":{"__proto__":{"type":"gauge","help":""}}');
  expect(text).toContain('"labels":{"__proto__":"x"},"values":{"__proto__":1}');
});

test('families that have values are kept; OpenMetrics names become those of the text format', () => {
  const text = read('# TYPE g gauge\n# TYPE unused gauge\n# HELP other For another name.\ng{le="1"} 1\nx 1');
  expect(seriesOf(text).families).toEqual({ g: { type: 'gauge', help: '' } });
  const openMetrics = read(
    '# TYPE c counter\n# HELP c Count.\nc_total 1\n# TYPE i info\ni_info{v="1"} 1\n# TYPE g gauge\ng 1\n# EOF',
    'openmetrics',
  );
  expect(seriesOf(openMetrics).families).toEqual({
    c_total: { type: 'counter', help: 'Count.' },
    i_info: { type: 'info', help: '' },
    g: { type: 'gauge', help: '' },
  });
});

describe('left out, the rest being taken', () => {
  const namesOf = (text: string, isWanted?: (name: string) => boolean) => {
    const { series, leftOut } = seriesOf(read(text), isWanted);
    return [series.flatMap(({ values }) => Object.keys(values)), leftOut];
  };

  test('names that are not wanted, are ours, or are parts of a histogram or summary', () => {
    expect(namesOf('a 1\nb 2\nb{x="1"} 3', (name) => name === 'a')).toEqual([
      ['a'],
      { ...NOTHING, gpu_field: 2 },
    ]);
    expect(namesOf('dstack_x 1\nfleetmeter_y 2\ndstackx 3')).toEqual([
      ['dstackx'],
      { ...NOTHING, reserved_name: 2 },
    ]);
    const composite =
      '# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n# TYPE s summary\ns{quantile="1"} 1\nx_sum 1';
    expect(namesOf(composite)).toEqual([['x_sum'], { ...NOTHING, composite: 4 }]);
  });

  const labels = (count: number): string =>
    Array.from({ length: count }, (_, i) => `l${String(i)}="x"`).join();
  const long = (length: number): string => 'n'.repeat(length);
  test.each([
    ['labels', `a{${labels(LIMITS.labels)}} 1`, `a{${labels(LIMITS.labels + 1)}} 1`],
    ["a label's name", `a{${long(LIMITS.nameLength)}="x"} 1`, `a{${long(LIMITS.nameLength + 1)}="x"} 1`],
    ['a name', `${long(LIMITS.nameLength)} 1`, `${long(LIMITS.nameLength + 1)} 1`],
  ])('what is above the limit of %s', (_, within, above) => {
    expect(seriesOf(read(`${within}\nb 2`))).toMatchObject({ values: 2, refusedCount: 0 });
    const cut = seriesOf(read(`${above}\nb 2`));
    expect(cut).toMatchObject({ values: 1, refusedCount: 1, leftOut: { limit: 1 } });
    expect(cut.refused).toMatchObject([
      { line: 1, reason: expect.stringMatching(/has more than \d+ /) as string },
    ]);
  });

  const lines = (count: number, line: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n');
  test('families and series above the limits', () => {
    const families = seriesOf(read(lines(LIMITS.families + 2, (i) => `m${String(i)} 1`)));
    expect(families).toMatchObject({ values: LIMITS.families, refusedCount: 2, leftOut: { limit: 2 } });
    const series = seriesOf(read(lines(LIMITS.values + 150, (i) => `m{i="${String(i)}"} 1`)));
    expect(series).toMatchObject({ values: LIMITS.values, refusedCount: 150, leftOut: { limit: 150 } });
    // Of the refused lines the first are told.
    expect(series.refused).toHaveLength(100);
    expect(series.refused[0]?.line).toBe(LIMITS.values + 1);
    expect(series.series).toHaveLength(LIMITS.values);
  });
});
