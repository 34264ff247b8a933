/** Inputs that nobody would send on purpose, from a seed each: pages and events, mutated. */
import { decodeEvent } from '../../events/codec';
import { pageEventOf } from '../../services/exposition/page-event';
import { judge } from '../../services/gateway/judge';
import { linesOf, makeHistory } from '../support/history';
import { openRandom, type Random } from '../support/history-random';
import { fieldPages } from './field-pages';
import { randomPage } from './random-page';

export interface FuzzInput {
  readonly kind: 'page' | 'event';
  readonly bytes: Buffer;
}

/** What a mutation inserts: what the formats are made of, and what breaks readers. */
const TOKENS = [
  ...[
    '{',
    '}',
    '"',
    '\\',
    '\n',
    '\r\n',
    ',',
    '=',
    '#',
    ' ',
    '\t',
    '# EOF\n',
    '# TYPE ',
    '# HELP ',
    ' # {',
    '_total',
    '__name__',
  ],
  ...[
    '1e999',
    '-0',
    'NaN',
    '+Inf',
    '9223372036854775807',
    '0x1p3',
    '1_0',
    '\u0000',
    '\u2028',
    '\ufeff',
    '\ud83d',
    'é',
  ],
  ...[
    '[',
    ']',
    ':',
    'null',
    '"__proto__"',
    '"data":',
    '{"a":',
    '1e400',
    '\\ud800',
    '\\u0000',
    '"time":"',
    'Z',
    'a{b="c"} 1 2\n',
  ],
].map((token) => Buffer.from(token));
const INVALID_UTF8 = [Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xed, 0xa0, 0x80])];

/**
 * Most inputs are made of little, so that what a mutation hits is near, and many can be tried; one in sixteen
 * of more.
 */
const [SHORT, LONG] = [300, 2000];

/** What stands in for a name or a value of an event. */
const JSON_TOKENS = [
  ...['null', 'true', '0', '-0', '-1', '1.5', '1e400', '1e-400', '9007199254740993', '1e21', '[]', '{}'],
  ...[
    '""',
    '"x"',
    '"\\ud800"',
    '"__proto__"',
    '"job"',
    '"instance"',
    '"done"',
    '"1"',
    '"2026-02-30T00:00:00Z"',
  ],
  ...['"2026-11-24T08:00:60.123456789z"', '[null]', '{"id":""}', '{"__proto__":{}}', '['.repeat(300)],
  ...[JSON.stringify('x'.repeat(129)), JSON.stringify('é'.repeat(513))],
];
const JSON_NAMES = JSON_TOKENS.filter((token) => token.startsWith('"'));
const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/g;

const pages = fieldPages().map(({ text }) => Buffer.from(text));
const randomPages = Array.from({ length: 500 }, (_, i) => Buffer.from(randomPage(i).text));
const events = linesOf(makeHistory(11, 120))
  .map((line) => Buffer.from(line))
  .filter((line) => line.length <= LONG);

export function fuzzInput(seed: number): FuzzInput {
  const random = openRandom(seed);
  const kind = random.chance(0.7) ? 'page' : 'event';
  if (kind === 'event' && random.chance(0.7)) return { kind, bytes: retold(random, random.pick(events)) };
  let bytes =
    kind === 'event'
      ? random.pick(events)
      : partOf(random, random.pick(random.chance(0.5) ? pages : randomPages));
  for (let left = random.integer(1, 6); left > 0; left--) bytes = mutated(random, bytes);
  return { kind, bytes };
}

/**
 * With another name or value here and there, and otherwise JSON still: few mutated bytes are, and what is not
 * goes no further.
 */
function retold(random: Random, event: Buffer): Buffer {
  let text = event.toString();
  for (let left = random.integer(1, 3); left > 0; left--) {
    const { index, 0: token } = random.pick([...text.matchAll(JSON_TOKEN)]);
    const after = text.slice(index + token.length);
    text = text.slice(0, index) + random.pick(after.startsWith(':') ? JSON_NAMES : JSON_TOKENS) + after;
  }
  return Buffer.from(text);
}

/** From the start of a line on. */
function partOf(random: Random, page: Buffer): Buffer {
  const length = random.chance(1 / 16) ? LONG : SHORT;
  const before = random.integer(0, Math.max(0, page.length - length));
  const from = before === 0 ? 0 : page.indexOf('\n', before) + 1;
  return page.subarray(from, from + length);
}

function mutated(random: Random, bytes: Buffer): Buffer {
  const at = random.integer(0, bytes.length);
  const to = Math.min(bytes.length, at + random.integer(1, 40));
  const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (random.integer(0, 6)) {
    case 0:
      return Buffer.concat([before, random.pick(TOKENS), part, after]);
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, part, part, after]);
    case 3:
      return before;
    case 4:
      return Buffer.concat([before, Buffer.from(part).reverse(), after]);
    case 5:
      return Buffer.concat([before, random.pick(INVALID_UTF8), after]);
    default: {
      const flipped = Buffer.from(part);
      for (let i = 0; i < flipped.length; i++) flipped[i] = (flipped[i] ?? 0) ^ (1 << random.integer(0, 7));
      return Buffer.concat([before, flipped, after]);
    }
  }
}

const RULES = { partitions: 8, gpuFields: 'all', nowMs: Date.UTC(2026, 10, 24, 12) } as const;
const ORIGIN = { target: { instance: { id: 'i' } }, exporter: 'dcgm', source: '/fuzz', timeMs: RULES.nowMs };

/**
 * Gives the input to the reader or the gateway; why what it made of it is wrong, if it is. Throws if that
 * throws.
 */
export function tryInput({ kind, bytes }: FuzzInput): string | undefined {
  if (kind === 'event') {
    const verdict = judge({ index: 0, bytes }, RULES);
    if (verdict.kind === 'rejected')
      return verdict.rejection.detail === '' ? 'a rejection without a word' : undefined;
    return decodeEvent(verdict.record.value).ok ? undefined : 'an event on the log that cannot be read';
  }
  for (const format of ['text', 'openmetrics'] as const) {
    const made = pageEventOf(bytes, { ...ORIGIN, format }, 'all');
    if (made.kind === 'refused') continue;
    const decoded = decodeEvent(Buffer.from(made.json));
    if (!decoded.ok) return `an event that cannot be read: ${decoded.refusal.detail}`;
    const { values, refused_lines: refused, left_out: leftOut } = made.summary;
    const lines = bytes.toString('latin1').split('\n').length;
    const accounted = values + leftOut.not_a_number + leftOut.composite + leftOut.reserved_name + refused;
    // One more for a lack of # EOF.
    if (accounted > lines + 1) return `${String(accounted)} samples of ${String(lines)} lines`;
  }
  return undefined;
}
