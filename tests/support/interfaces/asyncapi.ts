/**
 * The topics as an AsyncAPI 3.0 document: which events are on which, with which key, made of the declarations
 * that the code uses.
 */
import { version } from '../../../package.json';
import { decodeEvent } from '../../../events/codec';
import { DEAD_LETTER_BYTES } from '../../../events/dead-letter';
import { EXAMPLES } from '../../../events/examples';
import { REFUSAL_REASONS } from '../../../events/refusal';
import { routeOf, TOPIC_NAMES } from '../../../events/routing';
import { jsonSchemas } from '../../../events/schemas';

type Json = Readonly<Record<string, unknown>>;
type Topic = keyof typeof TOPIC_NAMES;

const CONTENT_TYPE = 'application/cloudevents+json';
const KEPT: Readonly<Record<Topic, string>> = {
  lifecycle: 'Kept for ever: it is the ledger.',
  telemetry: 'Only the latest sample counts, so it is kept for a while.',
  'dead-letter': 'What was refused on the other two, kept for 30 days.',
};

export function asyncapi(): Json {
  const types = [...jsonSchemas()].map(([type, schema]) => ({ type, schema, ...route(type) }));
  const of = (topic: Topic) => types.filter((event) => event.topic === topic).map(({ type }) => type);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'fleetmeter',
      version,
      description:
        'Events of a GPU fleet on Kafka: CloudEvents 1.0 in structured mode, with the header `content-type: application/cloudevents+json`, on the partition of their key by the murmur2 partitioner. docs/reference/events.md tells when each is sent and what becomes of it.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: CONTENT_TYPE,
    servers: {
      kafka: {
        host: 'kafka:9092',
        protocol: 'kafka',
        description: 'FLEETMETER_KAFKA_BROKERS',
      },
    },
    channels: {
      lifecycle: channel('lifecycle', of('lifecycle')),
      telemetry: channel('telemetry', of('telemetry')),
      'dead-letter': channel('dead-letter', ['dead-letter']),
    },
    operations: {
      foldLifecycle: operation('receive', 'lifecycle', 'Fold the lifecycle into the ledger'),
      foldTelemetry: operation('receive', 'telemetry', 'Keep the latest sample of each job and GPU'),
      keepRefused: operation('send', 'dead-letter', 'Copy what is refused, before the position passes it'),
    },
    components: {
      messages: {
        ...Object.fromEntries(
          types.map(({ type, schema, keyField }) => [type, message(type, keyField, schema)]),
        ),
        'dead-letter': deadLetter(),
      },
    },
  };
}

/** What the code does with the example of the type tells its topic, and which of its ids is the key. */
function route(type: keyof typeof EXAMPLES): { readonly topic: Topic; readonly keyField: string } {
  const decoded = decodeEvent(Buffer.from(JSON.stringify(EXAMPLES[type])));
  if (!decoded.ok) throw new Error(`the example of ${type} is refused: ${decoded.refusal.detail}`);
  const { topic, key } = routeOf(decoded.event);
  const data = Object.entries(decoded.event.data);
  const found = data.find(([, value]) => (value as { readonly id?: unknown } | null)?.id === key);
  if (found === undefined) throw new Error(`the key of ${type} is no id of its data`);
  return { topic, keyField: `${found[0]}.id` };
}

function channel(topic: Topic, types: readonly string[]): Json {
  return {
    address: TOPIC_NAMES[topic],
    description: KEPT[topic],
    messages: Object.fromEntries(types.map((type) => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: { kafka: { bindingVersion: '0.5.0', topic: TOPIC_NAMES[topic] } },
  };
}

function operation(action: 'receive' | 'send', topic: Topic, summary: string): Json {
  return { action, summary, channel: { $ref: `#/channels/${topic}` } };
}

function message(type: string, keyField: string, schema: unknown): Json {
  const { $schema: _, ...payload } = schema as Json;
  return {
    name: type,
    contentType: CONTENT_TYPE,
    payload,
    bindings: {
      kafka: {
        bindingVersion: '0.5.0',
        key: { type: 'string', description: `The partition key: \`data.${keyField}\`` },
      },
    },
  };
}

function deadLetter(): Json {
  const text = { type: 'string' };
  const count = { type: 'integer', minimum: 0 };
  const properties = {
    reason: { enum: REFUSAL_REASONS },
    detail: { ...text, description: 'What was wrong, what was expected' },
    topic: { ...text, description: 'Where the record stood: with partition and offset, its identity' },
    partition: count,
    offset: count,
    time: { ...text, format: 'date-time', description: 'When the log appended the record' },
    key: { type: ['string', 'null'] },
    value: { ...text, description: `The first ${DEAD_LETTER_BYTES} bytes of the record` },
    value_base64: { ...text, description: 'The same, where they are not UTF-8' },
    bytes: { ...count, description: 'Of the whole record' },
  };
  const required = Object.keys(properties).filter((name) => !name.startsWith('value'));
  return {
    name: 'dead-letter',
    contentType: 'application/json',
    payload: { type: 'object', required, properties },
    bindings: {
      kafka: {
        bindingVersion: '0.5.0',
        key: { type: 'string', description: 'TOPIC/PARTITION/OFFSET of the record' },
      },
    },
  };
}
