import { MAX_EVENT_BYTES, type Refusal } from '../../events/codec';
import { MAX_LEVELS } from '../../events/nesting';

type ParsedJson =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export const TOO_DEEP: Refusal = {
  reason: 'invalid_json',
  detail: `event: nested too deep, expected at most ${MAX_LEVELS} levels`,
};

export function tooLarge(bytes: number): Refusal {
  return { reason: 'too_large', detail: `event: ${bytes} bytes, expected at most ${MAX_EVENT_BYTES}` };
}

/** Parses JSON, unless it nests deeper than an event may with so many levels around it. */
export function parseJson(bytes: Buffer, levelsAround: number): ParsedJson {
  if (nestsTooDeep(bytes, levelsAround)) return { kind: 'refused', refusal: TOO_DEEP };
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return { kind: 'json', value };
  } catch (error) {
    const detail = `body: expected JSON (${String(error)})`.replaceAll(CONTROLS, '\uFFFD');
    return { kind: 'refused', refusal: { reason: 'invalid_json', detail } };
  }
}

/** A parser's message quotes what it read; a detail is one line. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;
const LEFT_BRACE = 0x7b;
const RIGHT_BRACE = 0x7d;

/** Told from the bytes, before they are parsed: V8 takes 2 s and 400 MB for 10 MB of brackets. */
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
