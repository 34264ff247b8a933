import { Kind, type TSchema } from '@sinclair/typebox';
import fc from 'fast-check';
import { DECLARATIONS } from '../../events/event';
import { formatTime } from '../../events/time';

/** UTF-16 units of all sorts, lone surrogates among them. */
const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 })
    .map((units) => String.fromCharCode(...units)),
);
/** What `id` and `source` may be. */
const identifying = anyText.map((text) => text.replaceAll(/\p{Cc}/gu, '')).filter((text) => text !== '');
/** JSON has no -0 that JSON.stringify would write back. */
const plus = (value: number) => (value === 0 ? 0 : value);

/** Valid values of a schema, without unknown members. */
function valuesOf(schema: TSchema): fc.Arbitrary<unknown> {
  switch (schema[Kind]) {
    case 'Label':
      return anyText;
    case 'String':
      return schema['minLength'] === 1 ? anyText.filter((text) => text !== '') : anyText;
    case 'Boolean':
      return fc.boolean();
    case 'Null':
      return fc.constant(null);
    case 'OneOf':
      return fc.constantFrom(...(schema['enum'] as string[]));
    case 'Integer':
      return fc.integer({ min: (schema['minimum'] as number | undefined) ?? -(2 ** 31) }).map(plus);
    case 'Number':
      return fc
        .double({
          noNaN: true,
          noDefaultInfinity: true,
          ...(schema['minimum'] === undefined ? {} : { min: schema['minimum'] as number }),
          ...(schema['maximum'] === undefined ? {} : { max: schema['maximum'] as number }),
        })
        .map(plus);
    case 'Blocks':
      return fc
        .tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 64 }))
        .map(([used, free]) => ({ used, total: used + free }));
    case 'Tags':
      return fc.dictionary(anyText, fc.option(anyText), { maxKeys: 3, noNullPrototype: true });
    case 'Union':
      return fc.oneof(...(schema['anyOf'] as TSchema[]).map(valuesOf));
    case 'Array':
      return fc.array(valuesOf(schema['items'] as TSchema), { maxLength: 3 });
    case 'Object':
      return objectsOf(schema);
    default:
      throw new Error(`no arbitrary for ${schema[Kind]}`);
  }
}

function objectsOf(schema: TSchema): fc.Arbitrary<unknown> {
  if (typeof schema['additionalProperties'] === 'object') {
    return fc.dictionary(anyText, valuesOf(schema['additionalProperties'] as TSchema), {
      maxKeys: 3,
      noNullPrototype: true,
    });
  }
  const members = Object.entries(schema['properties'] as Record<string, TSchema>);
  return fc.record(Object.fromEntries(members.map(([name, member]) => [name, valuesOf(member)])), {
    requiredKeys: (schema['required'] as string[] | undefined) ?? [],
    noNullPrototype: true,
  });
}

const times = fc.integer({ min: Date.UTC(1970, 0), max: Date.UTC(2100, 0) }).map(formatTime);

/** Valid events as JSON, of all types, some with a member that nobody knows. */
export const validEvents: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  ...DECLARATIONS.map(({ type, schema }) =>
    fc
      .record({
        data: valuesOf(schema),
        more: fc.option(
          fc.json().map((json): unknown => JSON.parse(json.replaceAll('-0', '0'))),
          { nil: undefined },
        ),
        envelope: fc.record(
          {
            id: identifying,
            source: identifying,
            time: times,
            sequence: fc.oneof(anyText, fc.nat().map(String), fc.constant(null)),
            recordedtime: fc.oneof(times, fc.constant(null)),
          },
          { requiredKeys: ['id', 'source', 'time'], noNullPrototype: true },
        ),
      })
      .map(({ data, more, envelope }) => ({
        specversion: '1.0',
        type,
        ...envelope,
        data: more === undefined ? data : { ...(data as object), unheard_of: more },
      })),
  ),
);
