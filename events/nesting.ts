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
