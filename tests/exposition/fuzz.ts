/** Inputs that nobody would send on purpose, from a seed each: pages and events, mutated. */
import { decodeEvent } from '../../events/codec';
import { pageEventOf } from '../../services/exposition/page-event';
import { judge } from '../../services/gateway/judge';
import { linesOf, makeHistory } from '../support/history';
import { createRandom, type Random } from '../support/history-random';
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

const pages = fieldPages().map(({ text }) => Buffer.from(text.slice(0, 2000)));
const events = linesOf(makeHistory(11, 120)).map((line) => Buffer.from(line.slice(0, 2000)));

export function fuzzInput(seed: number): FuzzInput {
  const random = createRandom(seed);
  const kind = random.chance(0.7) ? 'page' : 'event';
  let bytes: Buffer =
    kind === 'event'
      ? random.pick(events)
      : random.chance(0.5)
        ? random.pick(pages)
        : Buffer.from(randomPage(seed).text);
  for (let left = random.integer(1, 6); left > 0; left--) bytes = mutated(random, bytes);
  return { kind, bytes };
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

/** Gives the input to the reader or the gateway; why what it made of it is wrong, if it is. Throws where that throws. */
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
