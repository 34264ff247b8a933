import { MAX_EVENT_BYTES } from '../../events/codec';
import type { Refusal } from '../../events/codec';
import { MAX_LEVELS, nestsTooDeep } from '../../events/nesting';

type ParsedJson =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

const TOO_DEEP: Refusal = {
  reason: 'invalid_json',
  detail: `event: nested too deep, expected at most ${MAX_LEVELS} levels`,
};

export function tooLarge(bytes: number): Refusal {
  return { reason: 'too_large', detail: `event: ${bytes} bytes, expected at most ${MAX_EVENT_BYTES}` };
}

/** Parses JSON, unless it is nested deeper than an event may be with so many levels around it. */
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

/** A parser's message quotes what it has read; a detail must be one line. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;
