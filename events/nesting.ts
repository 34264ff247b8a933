/**
 * How deep an event's JSON may be nested, itself included. Far above any real one, and far below where code that goes
 * through it recursively (JSON.stringify among it) would overflow the stack.
 */
export const MAX_LEVELS = 500;

/** Whether a JSON value has lists and objects within each other at more than MAX_LEVELS. */
export function isTooDeep(value: unknown): boolean {
  return isDeeperThan(MAX_LEVELS, value);
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(levels - 1, member));
}

/** Quick answer for a JSON text: false where it surely isn't too deep, having too few brackets for it. */
export function mayBeTooDeep(json: string): boolean {
  if (json.length <= 2 * MAX_LEVELS) return false;
  return count(json, '{', MAX_LEVELS) + count(json, '[', MAX_LEVELS) > MAX_LEVELS;
}

/** How often a character is in a text, counted up to one above a limit. */
function count(text: string, character: string, limit: number): number {
  let found = 0;
  for (let at = text.indexOf(character); at !== -1 && found <= limit; at = text.indexOf(character, at + 1))
    found++;
  return found;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;
const LEFT_BRACE = 0x7b;
const RIGHT_BRACE = 0x7d;

/** Whether JSON nests deeper than an event may with so many levels around it. Told from the bytes, before they are parsed: V8 takes 2 s and 400 MB for 10 MB of brackets. */
export function nestsTooDeep(json: Buffer, levelsAround = 0): boolean {
  let levels = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) i = closingQuote(json, i);
    else if (byte === LEFT_BRACE || byte === LEFT_BRACKET) {
      if (++levels > MAX_LEVELS + levelsAround) return true;
    } else if (byte === RIGHT_BRACE || byte === RIGHT_BRACKET) levels--;
  }
  return false;
}

function closingQuote(json: Buffer, openAt: number): number {
  for (let i = openAt + 1; i < json.length; i++) {
    if (json[i] === BACKSLASH) i++;
    else if (json[i] === QUOTE) return i;
  }
  return json.length;
}
