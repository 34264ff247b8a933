/**
 * The HTTP interface as an OpenAPI 3.1 document: events, refusal reasons, roles, limits and content types are
 * those that the code uses; what stands here besides is what a reader needs to send a request and read an
 * answer.
 */
import { version } from '../../../package.json';
import { REFUSAL_REASONS } from '../../../events/refusal';
import { jsonSchemas } from '../../../events/schemas';
import { MAX_SHARDS } from '../../../services/exporter/query';
import { DEFAULT_LIMITS } from '../../../services/gateway/limits';
import { CONTENT_TYPES } from '../../../services/page/format';

type Json = Readonly<Record<string, unknown>>;

const ROLES = ['gateway', 'aggregator', 'exporter'];
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const parameter = (name: string): Json => ({ $ref: `#/components/parameters/${name}` });
const json = (schema: Json): Json => ({ 'application/json': { schema } });
const text = (example: string): Json => ({ 'text/plain': { schema: { type: 'string' }, example } });
const refusal = (description: string): Json => ({ description, content: json(ref('Refusal')) });
const retryLater = (description: string): Json => ({
  ...refusal(description),
  headers: {
    'retry-after': { description: 'Seconds after which to try again', schema: { type: 'string' } },
  },
});

export function openapi(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'fleetmeter',
      version,
      summary: 'Lifecycle events and GPU samples in, one page for Prometheus out.',
      description:
        'What each endpoint promises is told in docs/reference/endpoints.md. Errors are JSON: `reason`, one word for programs, and `detail`, one line for people.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://localhost:19464', description: 'Where FLEETMETER_LISTEN has it by default' }],
    tags: [
      { name: 'gateway', description: 'Puts events on the log' },
      { name: 'exporter', description: 'Writes the page' },
      { name: 'process', description: 'Every process has them' },
    ],
    paths: {
      '/v1/events': { post: postEvents() },
      '/v1/telemetry/{exporter}': { post: postTelemetry() },
      '/metrics': { get: getMetrics() },
      '/v1/sd': { get: getDiscovery() },
      '/': { get: getStatus() },
      '/metrics/process': { get: getProcessMetrics() },
      '/-/healthy': { get: getHealthy() },
      '/-/ready': { get: getReady() },
    },
    components: { schemas: schemas(), parameters: parameters(), securitySchemes: SECURITY_SCHEMES },
  };
}

const INGEST = [{ ingestToken: [] }, {}];
const SCRAPE = [{ scrapeToken: [] }, {}];
const SECURITY_SCHEMES = {
  ingestToken: { type: 'http', scheme: 'bearer', description: 'Where FLEETMETER_INGEST_TOKEN is set' },
  scrapeToken: { type: 'http', scheme: 'bearer', description: 'Where FLEETMETER_SCRAPE_TOKEN is set' },
};

const TAKEN = {
  '401': refusal('The token is missing or wrong'),
  '403': refusal("A browser says that the request comes from another site's page"),
  '413': refusal(`More than ${DEFAULT_LIMITS.bodyBytes} bytes, inflated or on the wire`),
  '415': refusal('Another content type, encoding or charset'),
  '429': retryLater('Too many requests are in flight'),
  '503': retryLater('The log is away, or too much is being taken in'),
};

function postEvents(): Json {
  return {
    operationId: 'postEvents',
    tags: ['gateway'],
    summary: 'Put events on the log',
    security: INGEST,
    parameters: [parameter('ContentEncoding')],
    requestBody: {
      required: true,
      description:
        'Structured, batched or binary mode of CloudEvents, or an event a line. In binary mode the attributes are `ce-` headers and the body is `data`.',
      content: {
        'application/cloudevents+json': { schema: ref('Event') },
        'application/cloudevents-batch+json': {
          schema: { type: 'array', items: ref('Event'), maxItems: DEFAULT_LIMITS.events },
        },
        'application/x-ndjson': { schema: { type: 'string', description: 'An event a line' } },
        'application/json': {
          schema: { type: 'object', description: 'The data of one event, in binary mode' },
        },
      },
    },
    responses: {
      '202': { description: 'All that was accepted is durable on the log', content: json(ref('Accepted')) },
      '400': {
        description: 'No event could be taken',
        content: json({ anyOf: [ref('NoneAccepted'), ref('Refusal')] }),
      },
      ...TAKEN,
    },
  };
}

function postTelemetry(): Json {
  const page = { schema: { type: 'string' }, example: 'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1"} 93\n' };
  return {
    operationId: 'postTelemetry',
    tags: ['gateway'],
    summary: "Put an exporter's page on the log, as a sample of now",
    description: 'With `job` and `run`, or with `instance`.',
    security: INGEST,
    parameters: [
      {
        name: 'exporter',
        in: 'path',
        required: true,
        schema: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,64}$' },
        example: 'dcgm',
      },
      ...['job', 'run', 'instance'].map((name) => ({
        name,
        in: 'query',
        schema: { type: 'string', minLength: 1, maxLength: 128 },
      })),
      parameter('ContentEncoding'),
    ],
    requestBody: {
      required: true,
      content: { 'text/plain': page, 'application/openmetrics-text': page },
    },
    responses: {
      '202': { description: 'The sample is durable on the log', content: json(ref('AcceptedPage')) },
      '400': refusal('A parameter is wrong, or no line of the page could be read'),
      ...TAKEN,
    },
  };
}

function getMetrics(): Json {
  return {
    operationId: 'getMetrics',
    tags: ['exporter'],
    summary: "The fleet's page",
    security: SCRAPE,
    parameters: [
      {
        name: 'project',
        in: 'query',
        description: 'Only the series of this project',
        schema: { type: 'string' },
      },
      {
        name: 'shard',
        in: 'query',
        description: 'Only this shard, with `shards`',
        schema: { type: 'integer', minimum: 0, maximum: MAX_SHARDS - 1 },
      },
      { name: 'shards', in: 'query', schema: { type: 'integer', minimum: 1, maximum: MAX_SHARDS } },
      {
        name: 'at',
        in: 'query',
        description: 'The ledger as of that time, not before page time or the newest event',
        schema: { type: 'string', format: 'date-time' },
      },
      {
        name: 'if-none-match',
        in: 'header',
        description: 'An etag that the asker has',
        schema: { type: 'string' },
      },
    ],
    responses: {
      '200': {
        description: 'The page, in the format that `accept` asks for; gzip where accepted',
        headers: {
          etag: { description: 'Names the versions that the page was made from', schema: { type: 'string' } },
        },
        content: Object.fromEntries(
          Object.values(CONTENT_TYPES).map((type) => [type, { schema: { type: 'string' } }]),
        ),
      },
      '304': { description: 'The asker has it' },
      '400': refusal('A parameter is wrong'),
      '401': refusal('The token is missing or wrong'),
      '503': retryLater('That the page is fresh can not be known now'),
    },
  };
}

function getDiscovery(): Json {
  return {
    operationId: 'getDiscovery',
    tags: ['exporter'],
    summary: "The page's shards, for Prometheus' HTTP service discovery",
    security: SCRAPE,
    parameters: [
      {
        name: 'shards',
        in: 'query',
        schema: { type: 'integer', minimum: 1, maximum: MAX_SHARDS, default: 1 },
      },
    ],
    responses: {
      '200': { description: 'A target each', content: json({ type: 'array', items: ref('TargetGroup') }) },
      '400': refusal('`shards` is wrong'),
      '401': refusal('The token is missing or wrong'),
    },
  };
}

function getStatus(): Json {
  return {
    operationId: 'getStatus',
    tags: ['exporter'],
    summary: 'A status page for people',
    security: SCRAPE,
    responses: {
      '200': { description: 'The page', content: { 'text/html': { schema: { type: 'string' } } } },
      '401': refusal('The token is missing or wrong'),
    },
  };
}

function getProcessMetrics(): Json {
  return {
    operationId: 'getProcessMetrics',
    tags: ['process'],
    summary: "This process's own metrics",
    security: SCRAPE,
    responses: {
      '200': {
        description: 'They differ from replica to replica',
        content: { 'text/plain': { schema: { type: 'string' } } },
      },
      '401': refusal('The token is missing or wrong'),
    },
  };
}

function getHealthy(): Json {
  return {
    operationId: 'getHealthy',
    tags: ['process'],
    summary: 'Liveness',
    security: [],
    responses: { '200': { description: 'The process lives', content: text('ok\n') } },
  };
}

function getReady(): Json {
  return {
    operationId: 'getReady',
    tags: ['process'],
    summary: 'Readiness, of one role or of all that the process has',
    security: [],
    parameters: [{ name: 'role', in: 'query', schema: { type: 'string', enum: ROLES } }],
    responses: {
      '200': { description: 'Ready', content: text('gateway: ready\n') },
      '400': refusal('The process has no such role'),
      '503': {
        description: 'Not ready: a line a role says why',
        content: text('exporter: the store is away\n'),
      },
    },
  };
}

function parameters(): Json {
  return {
    ContentEncoding: {
      name: 'content-encoding',
      in: 'header',
      schema: { type: 'string', enum: ['identity', 'gzip', 'deflate', 'br'] },
    },
  };
}

function schemas(): Json {
  const events = [...jsonSchemas()].map(([type, schema]) => {
    const { $schema: _, ...rest } = schema as Json;
    return [type, rest] as const;
  });
  const reason = { enum: REFUSAL_REASONS };
  const count = { type: 'integer', minimum: 0 };
  const rejection = {
    type: 'object',
    required: ['index', 'reason'],
    properties: {
      index: { ...count, description: 'Which of the events, from 0' },
      id: { type: 'string', description: 'Of the event, where it could be read' },
      reason,
      detail: { type: 'string', description: 'Field, value, and what was expected' },
    },
  };
  const accepted = {
    accepted: { ...count, description: 'Events that are durable on the log' },
    rejected: { type: 'array', items: ref('Rejection') },
  };
  const refused = {
    error: { type: 'string', description: 'The status in words' },
    reason: { type: 'string', description: 'One word for programs' },
    detail: { type: 'string', description: 'One line for people' },
  };
  return {
    Event: {
      description: 'docs/reference/events.md tells when each is sent',
      oneOf: events.map(([type]) => ref(type)),
      discriminator: {
        propertyName: 'type',
        mapping: Object.fromEntries(events.map(([type]) => [type, `#/components/schemas/${type}`])),
      },
    },
    ...Object.fromEntries(events),
    Rejection: rejection,
    Accepted: { type: 'object', required: Object.keys(accepted), properties: accepted },
    NoneAccepted: {
      type: 'object',
      required: [...Object.keys(refused), ...Object.keys(accepted)],
      properties: { ...refused, ...accepted },
    },
    AcceptedPage: {
      type: 'object',
      required: ['accepted'],
      properties: {
        accepted: { const: 1 },
        series: { ...count, description: 'Series that were taken' },
        refused_lines: { ...count, description: 'Lines that could not be read' },
        refused: { type: 'array', description: 'The first of them' },
        left_out: { type: 'object', description: 'By cause', additionalProperties: count },
      },
    },
    Refusal: { type: 'object', required: Object.keys(refused), properties: refused },
    TargetGroup: {
      type: 'object',
      required: ['targets', 'labels'],
      properties: {
        targets: { type: 'array', items: { type: 'string' }, minItems: 1 },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
  };
}
