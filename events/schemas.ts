import type { TSchema } from '@sinclair/typebox';
import { DECLARATIONS } from './event';
import type { EventType } from './event';
import { EXAMPLES } from './examples';
import { MAX_LABEL_BYTES } from './fields';

const TIME = { type: 'string', format: 'date-time', description: 'RFC 3339, kept to the millisecond' };

/**
 * The published JSON Schema (2020-12) of each event type, the whole event in structured mode.
 *
 * What JSON Schema can't say is told in the descriptions only and checked by the codec all the same: lengths
 * in bytes and UTF-16 units, 1 <= used <= total, what a time is. An event that its schema refuses, the codec
 * refuses too.
 */
export function jsonSchemas(): ReadonlyMap<EventType, unknown> {
  return new Map(DECLARATIONS.map(({ type, schema }) => [type, published(type, schema)]));
}

function published(type: EventType, data: TSchema): unknown {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: type,
    type: 'object',
    required: ['specversion', 'id', 'source', 'type', 'time', 'data'],
    properties: {
      specversion: { const: '1.0' },
      id: { type: 'string', minLength: 1, description: 'With source, names the event once and for all' },
      source: {
        type: 'string',
        minLength: 1,
        maxLength: MAX_LABEL_BYTES,
        description: 'Who says it: 1 to 1024 bytes of UTF-8',
      },
      type: { const: type },
      time: TIME,
      subject: { description: "The entity's id; not read, as the data has it" },
      partitionkey: { description: 'The partition key; not read, as it is derived from the data' },
      sequence: { type: ['string', 'null'], description: 'Orders events of the same millisecond' },
      recordedtime: {
        anyOf: [TIME, { type: 'null' }],
        description: 'When it was put on the log; exports have it',
      },
      data,
    },
    examples: [EXAMPLES[type]],
  };
  // TypeBox keeps its own notes under symbols, which JSON leaves out.
  return JSON.parse(JSON.stringify(schema)) as unknown;
}
