import { gzipSync } from 'node:zlib';
import { EXAMPLES } from '../../../events/examples';
import { BATCHED, NDJSON, STRUCTURED, binaryOf, type EventJson } from './events';

/** A request that can't be taken, and what it is to be answered with. */
export interface Malformed {
  readonly name: string;
  readonly body: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  readonly reason: string;
}

/** More than a thousand of them, the same each time. */
export function malformed(): Malformed[] {
  return [wrongEnvelopes(), wrongData(), brokenJson(), wrongTypes(), wrongTimes(), wrongRequests()].flat();
}

const REMOVED = Symbol('removed');
type Wrong = readonly [path: string, values: readonly unknown[]];

const NOT_TEXT = [REMOVED, null, 5, true, {}, []];
const NOT_AN_ID = [...NOT_TEXT, '', 'x'.repeat(129), '😀'.repeat(65)];
const NOT_A_LABEL = [...NOT_TEXT, 'x'.repeat(1025), 'é'.repeat(513), '€'.repeat(342)];
const NOT_AN_AMOUNT = [REMOVED, null, -1, '5', true, {}, [5]];
const NOT_DOLLARS = [...NOT_AN_AMOUNT, -1e-9, 1_000_000.01, 1e9, 1e300];
const NOT_A_COUNT = [REMOVED, null, -1, 1.5, '0', 1e-9];
const NOT_A_STATUS = [5, 'unknown', 'RUNNING', '', ' running', '__proto__', 'constructor'];
const NOT_AN_OBJECT = [REMOVED, null, 5, 'x', [], true];
const optionally = (values: readonly unknown[]) =>
  values.filter((value) => value !== REMOVED && value !== null);

const RESOURCES: Wrong[] = [
  ['resources.cpus', NOT_AN_AMOUNT],
  ['resources.memory_bytes', NOT_AN_AMOUNT],
  ['resources.gpu.name', NOT_A_LABEL],
  ['resources.gpu.count', NOT_A_COUNT],
  ['resources.gpu.memory_bytes', NOT_AN_AMOUNT],
];
const RUN: Wrong[] = [
  ['run.id', NOT_AN_ID],
  ['run', NOT_AN_OBJECT],
];
const JOB: Wrong[] = [...RUN, ['job.id', NOT_AN_ID], ['job', NOT_AN_OBJECT]];
const INSTANCE: Wrong[] = [
  ['instance.id', NOT_AN_ID],
  ['instance', NOT_AN_OBJECT],
];
const VOLUME: Wrong[] = [
  ['volume.id', NOT_AN_ID],
  ['volume', NOT_AN_OBJECT],
];
const STATUS: Wrong = ['status', [REMOVED, null, ...NOT_A_STATUS]];
const PRICE: Wrong = ['price.dollars_per_hour', NOT_DOLLARS];
const OWNER: Wrong[] = [
  ['project', NOT_A_LABEL],
  ['user', NOT_A_LABEL],
];

/** What makes the data of each type invalid, after the contract's tables. */
const WRONG_DATA: Record<keyof typeof EXAMPLES, readonly Wrong[]> = {
  'fleetmeter.instance.started.v1': [
    ...INSTANCE,
    ['project', NOT_A_LABEL],
    ['instance.name', NOT_A_LABEL],
    ['instance.total_blocks', [0, -1, 1.5, '8']],
    ['fleet.id', NOT_AN_ID],
    ['fleet.name', NOT_A_LABEL],
    ['status', [...NOT_A_STATUS, 'terminated', 'running']],
    ['snapshot', ['true', 1]],
    PRICE,
    ...RESOURCES,
  ],
  'fleetmeter.instance.status_changed.v1': [...INSTANCE, STATUS, ['status', ['terminated', 'submitted']]],
  'fleetmeter.instance.price_changed.v1': [...INSTANCE, PRICE, ['price', NOT_AN_OBJECT]],
  'fleetmeter.instance.terminated.v1': [...INSTANCE, ['reason', [5, {}]]],
  'fleetmeter.run.submitted.v1': [
    ...RUN,
    ...OWNER,
    ['run.name', NOT_A_LABEL],
    ['run.type', NOT_A_LABEL],
    ['status', [...NOT_A_STATUS, 'running', 'done']],
  ],
  'fleetmeter.run.status_changed.v1': [...RUN, STATUS, ['status', ['done', 'failed', 'terminated', 'idle']]],
  'fleetmeter.run.finished.v1': [...RUN, STATUS, ['status', ['running', 'aborted']]],
  'fleetmeter.job.submitted.v1': [
    ...JOB,
    ...OWNER,
    ['job.name', NOT_A_LABEL],
    ['job.num', NOT_A_COUNT],
    ['job.replica_num', NOT_A_COUNT],
    ['job.submission_num', optionally(NOT_A_COUNT)],
  ],
  'fleetmeter.job.provisioned.v1': [
    ...JOB,
    ['instance', NOT_AN_OBJECT],
    ['instance.id', optionally(NOT_AN_ID)],
    ['instance.backend', NOT_A_LABEL],
    ['instance.gpu_uuids', ['GPU-1', [5], {}]],
    ['blocks', [{ used: 2, total: 1 }, { used: 0, total: 1 }, { used: 1 }, { used: 1.5, total: 2 }]],
    ['resources', NOT_AN_OBJECT],
    ...RESOURCES,
    PRICE,
  ],
  'fleetmeter.job.status_changed.v1': [...JOB, STATUS, ['status', ['done', 'pending', 'aborted']]],
  'fleetmeter.job.price_changed.v1': [...JOB, PRICE],
  'fleetmeter.job.finished.v1': [...JOB, STATUS, ['status', ['running']], ['exit_status', [0.5, '0']]],
  'fleetmeter.volume.created.v1': [
    ...VOLUME,
    ['project', NOT_A_LABEL],
    ['user', optionally(NOT_A_LABEL)],
    ['volume.name', NOT_A_LABEL],
    ['volume.size_bytes', optionally(NOT_AN_AMOUNT)],
    ['snapshot', ['true', 1]],
    PRICE,
  ],
  'fleetmeter.volume.price_changed.v1': [...VOLUME, PRICE, ['price', NOT_AN_OBJECT]],
  'fleetmeter.volume.deleted.v1': [...VOLUME, ['reason', [5, {}]]],
  'fleetmeter.job.sampled.v1': [
    ...JOB,
    ['cpu_time_seconds', optionally(NOT_AN_AMOUNT)],
    ['memory_usage_bytes', optionally(NOT_AN_AMOUNT)],
    ['gpus', [{}, 5, [5], [{ usage_ratio: -1 }], [{ memory_usage_bytes: 'x' }]]],
  ],
  'fleetmeter.gpu.sampled.v1': [
    ['instance.id', NOT_AN_ID],
    ['exporter', NOT_TEXT],
    ['families', [REMOVED, null, 5, { A: 5 }, { A: { type: 5, help: '' } }, { A: { type: 'gauge' } }]],
    ['series', [REMOVED, null, {}, [5], [{ labels: {} }], [{ values: {} }]]],
    ['series', [[{ labels: { a: 5 }, values: {} }], [{ labels: {}, values: { A: '1' } }]]],
    [
      'series',
      [[{ labels: { a: 'é'.repeat(513) }, values: {} }], [{ labels: {}, values: {}, timestamp_ms: 1.5 }]],
    ],
  ],
};

function wrongData(): Malformed[] {
  return Object.entries(WRONG_DATA).flatMap(([type, wrongs]) => {
    const example = EXAMPLES[type as keyof typeof EXAMPLES];
    const cases = wrongs.flatMap(([path, values]) =>
      values.map((value) => ({ path: `data.${path}`, event: withValue(example, `data.${path}`, value) })),
    );
    cases.push(
      ...[REMOVED, null, 'x', 5, []].map((value) => ({
        path: 'data',
        event: withValue(example, 'data', value),
      })),
    );
    return cases.flatMap(({ path, event }, i) => inMode(i, `${type} ${path}`, event, 'invalid_data'));
  });
}

function wrongEnvelopes(): Malformed[] {
  const wrongs: Wrong[] = [
    ['specversion', [REMOVED, null, 1, 1.0, '1', '0.3', '1.1', '']],
    ['id', [...NOT_TEXT, '']],
    ['source', [...NOT_A_LABEL, '']],
    ['type', NOT_TEXT],
    ['time', [...NOT_TEXT, '', 'yesterday', '2026-11-24', '2026-11-24T08:00:00', '2026-13-01T00:00:00Z']],
    [
      'time',
      [
        '2026-02-29T00:00:00Z',
        '2026-11-24T24:00:00Z',
        '2026-11-24T08:00:00.1234567891Z',
        '0000-01-01T00:00:00Z',
      ],
    ],
    [
      'time',
      ['2026-11-24 08:00:00Z', '2026-11-24T08:00:00+24:00', ' 2026-11-24T08:00:00Z', '２026-11-24T08:00:00Z'],
    ],
    ['sequence', [5, {}, true]],
    ['recordedtime', [5, '', 'now']],
  ];
  const events = Object.values(EXAMPLES).flatMap((example) =>
    wrongs.flatMap(([path, values]) =>
      values.map((value) => ({ path, event: withValue(example, path, value) })),
    ),
  );
  const cases = events.map(({ path, event }, i) =>
    jsonModes(i, `envelope ${path}`, JSON.stringify(event), 'invalid_envelope'),
  );
  const scalars = ['null', '5', '"x"', 'true', '[]', '[[]]'].flatMap((json) =>
    [0, 2].map((i) => jsonModes(i, json, json, 'invalid_envelope')),
  );
  return [...scalars, ...cases];
}

function brokenJson(): Malformed[] {
  const texts = Object.values(EXAMPLES).flatMap((example) => {
    const json = JSON.stringify(example);
    const cuts = [1, 2, 17, 50, json.length >> 1, json.length - 2, json.length - 1].map((at) =>
      json.slice(0, at),
    );
    return [
      ...cuts,
      `${json}}`,
      json + json,
      json.replace(/}$/, ',}'),
      json.replaceAll('"', "'"),
      json.replace('"id":', 'id:'),
      json.replace('"id"', '"\u0000id"'),
      json.replace('"specversion":"1.0"', '"specversion":1.0.0'),
      json.replace('{', '{"x":NaN,'),
      json.replace('{', '{"x":Infinity,'),
      json.replace('{', '{"x":-Infinity,'),
      json.replace('{', '{"x":0x10,'),
      json.replace('{', '{/* x */'),
      `\uFEFF\uFEFF${json}`,
    ];
  });
  const nested = [501, 5000, 100_000].flatMap((levels) => [
    `{"x":${'['.repeat(levels)}${']'.repeat(levels)}}`,
    `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`,
    '['.repeat(levels),
  ]);
  return [...nested, ...texts, 'hello', '<event/>', '{', '"'].map((text, i) =>
    jsonModes(i, `broken JSON ${text.slice(0, 30)}`, text, 'invalid_json'),
  );
}

function wrongTypes(): Malformed[] {
  const types = [
    'fleetmeter.run.submitted.v2',
    'fleetmeter.run.submitted',
    'FLEETMETER.RUN.SUBMITTED.V1',
    'x',
    '',
  ];
  const odd = [
    'fleetmeter.run.submitted.v1 ',
    'com.example.event',
    '__proto__',
    'constructor',
    'fleetmeter.run.exploded.v1',
  ];
  return [...types, ...odd, `fleetmeter.${'x'.repeat(5000)}.v1`].flatMap((type, i) =>
    inMode(
      i,
      `type ${type.slice(0, 40)}`,
      { ...EXAMPLES['fleetmeter.run.submitted.v1'], type },
      'unknown_type',
    ),
  );
}

function wrongTimes(): Malformed[] {
  const times = [
    '2026-11-24T12:05:00.001Z',
    '2026-11-24T12:05:01Z',
    '2026-11-25T00:00:00+01:00',
    '9999-12-31T23:59:59Z',
  ];
  return Object.values(EXAMPLES).flatMap((example) =>
    times.flatMap((time, i) => inMode(i, `time ${time}`, { ...example, time }, 'from_the_future')),
  );
}

function wrongRequests(): Malformed[] {
  const event = JSON.stringify(EXAMPLES['fleetmeter.run.submitted.v1']);
  const large = event.replace('{', `{"x":"${'x'.repeat(1_000_000)}",`);
  const types = [
    'text/plain',
    'application/xml',
    'application/cloudevents+xml',
    'application/cloudevents',
    'x',
    '',
  ];
  const odd = [
    'application/x-www-form-urlencoded',
    'application/cloudevents+json; charset=utf-16',
    'multipart/form-data',
  ];
  const encodings = ['zstd', 'compress', 'gzip, gzip', '*', 'utf-8'];
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
  return [
    ...[...types, ...odd].map((type) =>
      of(`content type ${type}`, event, { 'content-type': type }, 415, 'unsupported_content_type'),
    ),
    ...encodings.map((it) =>
      of(`encoding ${it}`, event, { ...STRUCTURED, 'content-encoding': it }, 415, 'unknown_encoding'),
    ),
    ...['gzip', 'deflate', 'br'].map((it) =>
      of(`not ${it}`, event, { ...STRUCTURED, 'content-encoding': it }, 400, 'invalid_encoding'),
    ),
    of(
      'gzip cut off',
      gzipSync(event).subarray(0, 60),
      { ...STRUCTURED, 'content-encoding': 'gzip' },
      400,
      'invalid_encoding',
    ),
    of('gzip bomb', bomb, { ...STRUCTURED, 'content-encoding': 'gzip' }, 413, 'too_large'),
    of('10 MB and a byte', Buffer.alloc(10_000_001, ' '), STRUCTURED, 413, 'too_large'),
    of('10 MB of brackets', Buffer.alloc(10_000_000, '['), BATCHED, 400, 'invalid_json'),
    of('a large event', large, STRUCTURED, 400, 'too_large'),
    of('a large event in a batch', `[${large}]`, BATCHED, 400, 'too_large'),
    of('a large event in NDJSON', `${large}\n${large}`, NDJSON, 400, 'too_large'),
    of('a batch that is none', event, BATCHED, 400, 'invalid_envelope'),
    of('events in a list, as one', `[${event}]`, STRUCTURED, 400, 'invalid_envelope'),
    of('a batch with NaN in it', `[${event},{"x":NaN}]`, BATCHED, 400, 'invalid_json'),
    of('a batch cut off', `[${event},${event}`, BATCHED, 400, 'invalid_json'),
    of('no body', '', STRUCTURED, 400, 'invalid_json'),
    of(
      'an event as application/json',
      event,
      { 'content-type': 'application/json' },
      400,
      'invalid_envelope',
    ),
  ];
}

function of(
  name: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
  status: number,
  reason: string,
): Malformed {
  return { name, body, headers, status, reason };
}

/** The event in one of the four modes, in turn; nothing where binary mode can't say it. */
function inMode(i: number, name: string, event: EventJson, reason: string): Malformed[] {
  if (i % 4 !== 3) return [jsonModes(i, name, JSON.stringify(event), reason)];
  const { headers, body } = binaryOf(event);
  return [of(`binary: ${name}`, body, headers, 400, reason)];
}

function jsonModes(i: number, name: string, json: string, reason: string): Malformed {
  if (i % 4 === 1) return of(`NDJSON: ${name}`, `${json}\n`, NDJSON, 400, reason);
  if (i % 4 === 2) return of(`batched: ${name}`, `[${json}]`, BATCHED, 400, reason);
  return of(`structured: ${name}`, json, STRUCTURED, 400, reason);
}

function withValue(event: EventJson, path: string, value: unknown): EventJson {
  const copy = structuredClone(event);
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  const parent = steps.reduce<EventJson>((at, step) => at[step] as EventJson, copy);
  if (value === REMOVED) Reflect.deleteProperty(parent, last);
  else parent[last] = value;
  return copy;
}
