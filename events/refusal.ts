import type { TSchema } from '@sinclair/typebox';
import { Errors } from '@sinclair/typebox/errors';
import type { ValueError, ValueErrorIterator } from '@sinclair/typebox/errors';

/** Why an event can't be taken. The fold gives the last two reasons, the codec the others. */
export const REFUSAL_REASONS = [
  'invalid_json',
  'invalid_envelope',
  'unknown_type',
  'invalid_data',
  'too_large',
  'too_late',
  'from_the_future',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface Refusal {
  readonly reason: RefusalReason;
  /** One line that names the field, its value (shortened) and what was expected. */
  readonly detail: string;
}

const SHOWN_CHARACTERS = 64;
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const LIST_INDEX = /^\d+$/;
/** Would break the line, or act on the terminal that shows it. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

/** `field: value, expected what`. */
export function complaint(field: string, value: unknown, expected: string): string {
  return `${field}: ${shown(value)}, expected ${expected}`.replaceAll(CONTROLS, '\uFFFD');
}

/** What is wrong with data that its schema has refused: the first fault found. */
export function explainData(schema: TSchema, data: unknown): string {
  const error = firstFault(Errors(schema, data));
  if (error === undefined) return 'data: not valid';
  return complaint(fieldOf(error.path), error.value, error.schema.description ?? 'an object');
}

/**
 * A union here means "this kind of field, or null" (see `optional`): its first part says what the field
 * should be.
 */
function firstFault(errors: ValueErrorIterator | undefined): ValueError | undefined {
  const error = errors?.First();
  return error === undefined || error.errors.length === 0 ? error : firstFault(error.errors[0]);
}

/**
 * `/series/0/labels/gpu` -> `data.series[0].labels.gpu`; names that producers chose are quoted if need be.
 */
function fieldOf(pointer: string): string {
  const steps = pointer.split('/').slice(1);
  const names = steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return 'data' + names.map(member).join('');
}

function member(name: string): string {
  if (LIST_INDEX.test(name)) return `[${name}]`;
  return PLAIN_NAME.test(name) ? `.${name}` : `[${shown(name)}]`;
}

/** A value as JSON, shortened, on one line. */
function shown(value: unknown): string {
  if (value === undefined) return 'absent';
  if (typeof value === 'number') return String(value);
  const text =
    typeof value === 'string' && value.length > SHOWN_CHARACTERS ? value.slice(0, SHOWN_CHARACTERS) : value;
  const json = JSON.stringify(text);
  return json.length > SHOWN_CHARACTERS ? `${json.slice(0, SHOWN_CHARACTERS)}…` : json;
}
