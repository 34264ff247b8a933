/** Seeded chance: the same seed gives the same sequence on every machine and Node version. */
export interface Random {
  /** In [0, 1). */
  unit(): number;
  chance(probability: number): boolean;
  /** In [from, to). */
  between(from: number, to: number): number;
  /** A whole number in [from, to], both included. */
  whole(from: number, to: number): number;
  /** One of `choices`, which must not be empty. */
  pick<T>(choices: readonly T[]): T;
  /** One of `choices`, which must not be empty, each as likely as its weight. */
  weighted<T extends { readonly weight: number }>(choices: readonly T[]): T;
  exponential(mean: number): number;
  normal(): number;
  lognormal(median: number, sigma: number): number;
  /** In the form of a version 4 UUID. */
  uuid(): string;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** FNV-1a with a final mix: spreads a seed's text over 32 bits. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** sfc32 (Chris Doty-Humphrey, PractRand): 32 bits a call. */
function sfc32(seed: string): () => number {
  let a = hash32(`${seed}/a`);
  let b = hash32(`${seed}/b`);
  let c = hash32(`${seed}/c`);
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round++) next();
  return next;
}

export function openRandom(seed: string): Random {
  const next = sfc32(seed);
  const unit = (): number => next() / 4294967296;
  const whole = (from: number, to: number): number => from + Math.floor(unit() * (to - from + 1));
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());

  function pick<T>(choices: readonly T[]): T {
    const chosen = choices[whole(0, choices.length - 1)];
    if (chosen === undefined) throw new RangeError('nothing to pick from');
    return chosen;
  }

  function weighted<T extends { readonly weight: number }>(choices: readonly T[]): T {
    let left = unit() * choices.reduce((sum, choice) => sum + choice.weight, 0);
    for (const choice of choices) {
      left -= choice.weight;
      if (left < 0) return choice;
    }
    return pick(choices);
  }

  const bytes = (word: number): string =>
    `${HEX[word >>> 24]}${HEX[(word >>> 16) & 255]}${HEX[(word >>> 8) & 255]}${HEX[word & 255]}`;

  function uuid(): string {
    const second = bytes(next());
    const third = bytes(((next() & 0x3fffffff) | 0x80000000) >>> 0);
    return `${bytes(next())}-${second.slice(0, 4)}-4${second.slice(5)}-${third.slice(0, 4)}-${third.slice(4)}${bytes(next())}`;
  }

  return {
    unit,
    chance: (probability) => unit() < probability,
    between: (from, to) => from + unit() * (to - from),
    whole,
    pick,
    weighted,
    exponential: (mean) => -mean * Math.log(1 - unit()),
    normal,
    lognormal: (median, sigma) => median * Math.exp(sigma * normal()),
    uuid,
  };
}

/** A repeatable number in [-1, 1] for a whole position. */
function lattice(seed: number, position: number): number {
  let hash = Math.imul(seed ^ Math.imul(position, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2147483647.5 - 1;
}

/** Smooth noise in [-1, 1] along x, changing over about one unit: a function of its arguments alone. */
export function noise(seed: number, x: number): number {
  const floor = Math.floor(x);
  const part = x - floor;
  const ease = part * part * (3 - 2 * part);
  return lattice(seed, floor) * (1 - ease) + lattice(seed, floor + 1) * ease;
}
