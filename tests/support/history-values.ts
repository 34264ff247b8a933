/** Values that break what is careless: few of each, so that they collide. */
import { type Random } from './history-random';

const PLAIN = ['main', 'ml', 'alice', 'bob', 'aws', 'H100'];
const NASTY = [
  '',
  'a"b',
  'back\\slash',
  'new\nline',
  'a,b',
  '{x="y"} 1',
  'le="+Inf"',
  '😀',
  'é',
  'tab\tcr\r',
  ' ',
  '\u0000',
  '\u007f',
  '\u2028',
  '\ud800',
  '__proto__',
  'constructor',
  'x'.repeat(1024),
];
const UNUSUAL_IDS = ['__proto__', '😀', 'i"2\\', 'a,b{c="d"}', 'new\nline', '\ud800', 'constructor', ' '];
const PRICES = [
  0, 0.1, 1, 1.1, 2.675, 3.3333333333333335, 98.32, 12.3456789, 1e6, 1e-7, 1e-9, 5e-10, 4.9e-10, 1.5e-9,
  1.0000000005, 0.30000000000000004, 123456.78901234567, 5e-324,
];

export function labelOf(random: Random): string {
  return random.pick(random.chance(0.25) ? NASTY : PLAIN);
}

/** The n-th id with that prefix; the first few are unusual now and then, by n alone. */
export function idOf(prefix: string, n: number): string {
  return n % 3 === 2 ? (UNUSUAL_IDS[Math.floor(n / 3)] ?? `${prefix}${n}`) : `${prefix}${n}`;
}

export function priceOf(random: Random): { dollars_per_hour: number } {
  return { dollars_per_hour: random.pick(PRICES) };
}

export function resourcesOf(random: Random): Record<string, unknown> {
  const gpu = {
    ...(random.chance(0.5) ? { vendor: random.pick(['nvidia', 'amd', null]) } : {}),
    name: random.pick(['H100', 'H100', 'A10', '', 'MI"300']),
    count: random.pick([0, 1, 1, 2, 8]),
    memory_bytes: random.pick([85899345920, 0, 24e9]),
  };
  return {
    cpus: random.pick([0, 0.5, 8, 192]),
    memory_bytes: random.pick([0, 1024, 2199023255552, 1e21]),
    ...(random.chance(0.7) ? { gpu } : random.chance(0.3) ? { gpu: null } : {}),
  };
}

export function reasonOf(random: Random): string | null {
  return random.pick([
    '',
    null,
    'container_exited_with_error',
    'x'.repeat(64),
    'x'.repeat(65),
    'two words',
    'ok\n',
    'é',
    'other',
  ]);
}

export function tagsOf(random: Random): Record<string, unknown> {
  const tags = {
    team: random.pick(['research', '', 'é'.repeat(128)]),
    'cost center': random.pick(['4711', null]),
    ['x'.repeat(256)]: 'long',
  };
  return someOf(random, tags);
}

/** RFC 3339 of a time, in one of the many ways. */
export function timeTextOf(random: Random, timeMs: number): string {
  const iso = new Date(timeMs).toISOString();
  if (random.chance(0.8)) return iso;
  const offset = random.pick([
    { text: '+05:30', ms: 19_800_000 },
    { text: '-08:00', ms: -28_800_000 },
    { text: '-00:00', ms: 0 },
  ]);
  return random.pick([
    iso.replace('Z', '999999Z'),
    iso.replace('Z', '000z').replace('T', 't'),
    timeMs % 1000 === 0 ? iso.replace('.000', '') : iso,
    timeMs % 100 === 0 ? iso.replace(/00Z$/, 'Z') : iso,
    new Date(timeMs + offset.ms).toISOString().replace('Z', offset.text),
  ]);
}

export function sequenceOf(random: Random): string {
  return random.pick(['1', '2', '02', '10', '9', '99999999999999999999', '', 'a', 'B', '1a', '😀', '\ufffd']);
}

/** Some of these members, each present, null or absent. */
export function someOf(random: Random, members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) =>
      random.chance(0.65) ? [[name, value]] : random.chance(0.2) ? [[name, null]] : [],
    ),
  );
}
