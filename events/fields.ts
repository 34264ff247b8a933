import { Kind, Type, TypeRegistry } from '@sinclair/typebox';
import type { TSchema } from '@sinclair/typebox';

/**
 * The kinds of field that events are made of. Each one's `description` says what is expected, both in the
 * published JSON Schema and in refusals. Kinds that JSON Schema can't express (bytes of UTF-8, a list of
 * statuses, a rule between two fields) are registered with TypeBox under a name; the published schema says as
 * much as it can.
 */
export const MAX_LABEL_BYTES = 1024;
const MAX_TAGS = 32;
const MAX_TAG_BYTES = 256;

/**
 * A text that becomes a label value: up to 1,024 bytes of UTF-8 (a lone surrogate counts as U+FFFD, 3 bytes).
 */
export function isLabel(value: unknown): value is string {
  return typeof value === 'string' && fits(value, MAX_LABEL_BYTES);
}

/**
 * A text with no more UTF-16 units than a third of the bytes is sure to fit, at 3 bytes each: most texts need
 * no counting.
 */
function fits(text: string, maxBytes: number): boolean {
  return text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes;
}

TypeRegistry.Set('Label', (_schema: TSchema, value) => isLabel(value));
TypeRegistry.Set<{ enum: readonly unknown[] }>('OneOf', (schema, value) => schema.enum.includes(value));
TypeRegistry.Set('Blocks', (_schema: TSchema, value) => isBlocks(value));
TypeRegistry.Set('Tags', (_schema: TSchema, value) => isTags(value));

export const Label = Type.Unsafe<string>({
  [Kind]: 'Label',
  type: 'string',
  maxLength: MAX_LABEL_BYTES,
  description: 'a text of up to 1024 bytes of UTF-8',
});
/** Lengths are UTF-16 units here, code points in JSON Schema. */
export const Id = Type.String({
  minLength: 1,
  maxLength: 128,
  description: 'a text of 1 to 128 UTF-16 units',
});
export const Text = Type.String({ description: 'a text' });
export const Flag = Type.Boolean({ description: 'true or false' });
export const AnyNumber = Type.Number({ description: 'a finite number' });
export const Amount = Type.Number({ minimum: 0, description: 'a finite number from 0' });
const Dollars = Type.Number({
  minimum: 0,
  maximum: 1_000_000,
  description: 'a number from 0 to 1000000',
});
export const Whole = Type.Integer({ description: 'a whole number' });
export const Count = Type.Integer({ minimum: 0, description: 'a whole number from 0' });
export const Positive = Type.Integer({ minimum: 1, description: 'a whole number from 1' });

/** One of these texts. */
export function oneOf<const T extends readonly string[]>(values: T) {
  return Type.Unsafe<T[number]>({
    [Kind]: 'OneOf',
    type: 'string',
    enum: values,
    description: values.length === 1 ? `"${String(values[0])}"` : `one of ${values.join(', ')}`,
  });
}

/** A member that may be absent; null counts as absent. */
export function optional<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Union([schema, Type.Null()]));
}

/** An object whose members are all of the same kind, whatever their names. */
export function mapOf<T extends TSchema>(schema: T) {
  return Type.Unsafe<Record<string, T['static']>>(
    Type.Object({}, { additionalProperties: schema, description: 'an object' }),
  );
}

export const WithId = Type.Object({ id: Id });

export const Price = Type.Object({ dollars_per_hour: Dollars });

export const Resources = Type.Object({
  cpus: Amount,
  memory_bytes: Amount,
  /** Absent: no GPU. */
  gpu: optional(Type.Object({ vendor: optional(Text), name: Label, count: Count, memory_bytes: Amount })),
});

interface BlocksOfInstance {
  used: number;
  total: number;
}
/** The share of an instance that a job has: used of total blocks. */
export const Blocks = Type.Unsafe<BlocksOfInstance>({
  ...Type.Object({ used: Positive, total: Positive }),
  [Kind]: 'Blocks',
  description: 'whole numbers with 1 <= used <= total',
});

function isBlocks(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('used' in value && 'total' in value)) return false;
  const { used, total } = value;
  return isWhole(used) && isWhole(total) && used >= 1 && used <= total;
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}

/** Labels for accounting, given by the owner of a run: texts by name. Null counts as absent. */
export const Tags = Type.Unsafe<Record<string, string | null>>({
  ...Type.Object({}, { additionalProperties: optional(Type.String({ maxLength: MAX_TAG_BYTES })) }),
  [Kind]: 'Tags',
  description: `an object of up to ${MAX_TAGS} texts, names and texts of up to ${MAX_TAG_BYTES} bytes of UTF-8`,
});

function isTags(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const tags = Object.entries(value).filter(([, text]) => text !== null);
  return tags.length <= MAX_TAGS && tags.every(([name, text]) => isTagText(name) && isTagText(text));
}

function isTagText(value: unknown): boolean {
  return typeof value === 'string' && fits(value, MAX_TAG_BYTES);
}
