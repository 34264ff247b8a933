/**
 * Pages made from a seed, for the reader and Python's parsers to be compared on. Left out is what the two
 * formats' descriptions leave open and the parsers see differently (tests/exposition/differential.test.ts
 * lists it).
 */
import type { ExpositionFormat } from '../../services/exposition/page';
import { openRandom, type Random } from '../support/history-random';

export interface RandomPage {
  readonly format: ExpositionFormat;
  readonly text: string;
  readonly isValid: boolean;
}

const TEXT_BLANKS = [' ', ' ', ' ', '\t', '  ', ' \t '];
const CHARACTERS = [
  'a',
  'B',
  '7',
  ' ',
  '\t',
  ',',
  '{',
  '}',
  '=',
  '#',
  "'",
  'é',
  '€',
  '😀',
  '\u0000',
  '\u2028',
  '\\\\',
  '\\"',
  '\\n',
];
const VALUES = [
  '0',
  '1',
  '-1',
  '+3.5',
  '.5',
  '5.',
  '1e3',
  '1E-7',
  '0.1',
  '97.000000',
  '9223372036854775794',
  '1e-400',
  'NaN',
  '+Inf',
  '-Inf',
  '123456789.123456789',
];
const TYPES: Readonly<Record<ExpositionFormat, readonly string[]>> = {
  text: ['gauge', 'untyped'],
  openmetrics: ['gauge', 'unknown'],
};

/** What makes a sample line invalid in both formats, by both parsers. */
const BROKEN_LINES = [
  'x{b="c} 1',
  'x{b="c"}',
  'x',
  'x ',
  'x 1.2.3',
  'x one',
  'x 1_000',
  'x 0x10',
  'x{b=c} 1',
  'x{b="c" 1',
  'x{b="c"}} 1',
  'x{b="c"} 1,',
  'x{9b="c"} 1',
  'x{b-c="d"} 1',
  'x{="c"} 1',
  'x{b="c",b="d"} 1',
  'x{b="c",,d="e"} 1',
  'x{b="\\"} 1',
  'x{b} 1',
  '{b="c"} 1',
  '9x 1',
  'x-y 1',
  'é 1',
  'x}1',
  'x 1 soon',
  'x{b="c"}{d="e"} 1',
  '# TYPE x wrong',
];

export function randomPage(seed: number): RandomPage {
  const random = openRandom(seed);
  const format: ExpositionFormat = random.chance(0.5) ? 'text' : 'openmetrics';
  const lines: string[] = [];
  const families = random.integer(0, 6);
  for (let i = 0; i < families; i++) lines.push(...familyOf(random, format, `m${String(i)}`));
  const isValid = random.chance(0.5);
  // Between families only: a line that is no part of one ends it for OpenMetrics, which lets none go on after
  // that.
  if (!isValid) lines.push(random.pick(BROKEN_LINES));
  const end = format === 'openmetrics' ? '# EOF\n' : random.pick(['', '\n', '# a comment\n', '#HELP\n']);
  return { format, text: `${lines.join('\n')}${lines.length === 0 ? '' : '\n'}${end}`, isValid };
}

function familyOf(random: Random, format: ExpositionFormat, family: string): string[] {
  const isCounter = random.chance(0.3);
  // The text format names a counter as its samples are named, OpenMetrics without `_total`.
  const sample = isCounter ? `${family}_total` : family;
  const named = isCounter && format === 'text' ? sample : family;
  const type = isCounter ? 'counter' : random.pick(TYPES[format]);
  const lines: string[] = [];
  if (random.chance(0.6)) lines.push(`# HELP ${named} ${textOf(random)}`);
  if (isCounter || random.chance(0.6)) lines.push(`# TYPE ${named} ${type}`);
  const rows = random.integer(1, 4);
  const timestamps = random.chance(0.2);
  for (let i = 0; i < rows; i++) lines.push(sampleOf(random, format, sample, i, isCounter, timestamps));
  return lines;
}

function sampleOf(
  random: Random,
  format: ExpositionFormat,
  name: string,
  row: number,
  isCounter: boolean,
  timestamps: boolean,
): string {
  const blank = (): string => (format === 'text' ? random.pick(TEXT_BLANKS) : ' ');
  const pairs = [`row="${String(row)}"`];
  for (let i = random.integer(0, 4); i > 0; i--)
    pairs.push(`${random.pick(['_l', 'gpu', 'UUID', 'Z9'])}${String(i)}="${textOf(random)}"`);
  const comma = format === 'text' ? random.pick([',', ', ', ' ,']) : ',';
  const trailing = format === 'text' && random.chance(0.1) ? ',' : '';
  const before = format === 'text' && random.chance(0.1) ? blank() : '';
  // A counter in OpenMetrics is no negative number, nor NaN.
  const value = random.pick(isCounter ? VALUES.filter((each) => !/^[-N]/.test(each)) : VALUES);
  const time = timestamps ? `${blank()}${format === 'text' ? '1795000000000' : '1795000000.123'}` : '';
  return `${before}${name}{${pairs.join(comma)}${trailing}}${blank()}${value}${time}`;
}

function textOf(random: Random): string {
  return Array.from({ length: random.integer(0, 6) }, () => random.pick(CHARACTERS)).join('');
}
