import { decodeParsed } from '../../events/codec';
import { EVENT_TYPES, type EventType } from '../../events/event';
import { EXAMPLES } from '../../events/examples';

/**
 * The rules for each field, written down a second time, apart from the schemas: `path:kind`, where a step
 * with `?` may be absent or null, and each other one may not.
 */
const RESOURCES = (at: string) =>
  `${at}.cpus:amount ${at}.memory_bytes:amount ${at}.gpu?.vendor?:text ${at}.gpu?.name:label ` +
  `${at}.gpu?.count:count ${at}.gpu?.memory_bytes:amount`;
const RUN = 'run.id:id run.name:label run.type:label';
const JOB_OF_RUN = 'run.id:id job.id:id';
const RULES: Readonly<Record<EventType, string>> = {
  'fleetmeter.instance.started.v1':
    'project:label fleet?.id:id fleet?.name:label instance.id:id instance.name:label instance.type?:label ' +
    'instance.backend?:label instance.region?:text instance.total_blocks?:positive price?.dollars_per_hour:dollars ' +
    `status?:instance_status snapshot?:flag ${RESOURCES('resources?')}`,
  'fleetmeter.instance.status_changed.v1': 'instance.id:id status:instance_status',
  'fleetmeter.instance.price_changed.v1': 'instance.id:id price.dollars_per_hour:dollars',
  'fleetmeter.instance.terminated.v1': 'instance.id:id reason?:text',
  'fleetmeter.run.submitted.v1': `project:label user:label ${RUN} run.tags?:tags status?:first_run_status snapshot?:flag`,
  'fleetmeter.run.status_changed.v1': 'run.id:id status:run_status',
  'fleetmeter.run.finished.v1': 'run.id:id status:run_finish reason?:text',
  'fleetmeter.job.submitted.v1':
    `project:label user:label ${RUN} job.id:id job.name:label job.num:count job.replica_num:count ` +
    'job.submission_num?:count snapshot?:flag',
  'fleetmeter.job.provisioned.v1':
    `${JOB_OF_RUN} instance.id?:id instance.name?:label instance.type?:label instance.backend:label ` +
    'instance.gpu_uuids?:texts instance.gpu_uuids?.0:text price.dollars_per_hour:dollars blocks?:blocks ' +
    RESOURCES('resources'),
  'fleetmeter.job.status_changed.v1': `${JOB_OF_RUN} status:job_status`,
  'fleetmeter.job.price_changed.v1': `${JOB_OF_RUN} price.dollars_per_hour:dollars`,
  'fleetmeter.job.finished.v1': `${JOB_OF_RUN} status:job_finish reason?:text exit_status?:whole`,
  'fleetmeter.volume.created.v1':
    'project:label user?:label volume.id:id volume.name:label volume.backend?:label volume.region?:label ' +
    'volume.size_bytes?:amount price?.dollars_per_hour:dollars snapshot?:flag',
  'fleetmeter.volume.price_changed.v1': 'volume.id:id price.dollars_per_hour:dollars',
  'fleetmeter.volume.deleted.v1': 'volume.id:id reason?:text',
  'fleetmeter.job.sampled.v1':
    `${JOB_OF_RUN} cpu_time_seconds?:amount memory_usage_bytes?:amount memory_working_set_bytes?:amount ` +
    'gpus?:list gpus?.0:object gpus?.0.usage_ratio?:amount gpus?.0.memory_usage_bytes?:amount',
  'fleetmeter.gpu.sampled.v1':
    'instance.id:id exporter:text families:object families.DCGM_FI_DEV_GPU_UTIL.type:text ' +
    'families.DCGM_FI_DEV_GPU_UTIL.help:text series:list series.0.labels:object series.0.labels.UUID:label ' +
    'series.0.values:object series.0.values.DCGM_FI_DEV_GPU_UTIL?:number series.1.timestamp_ms?:whole',
};

const NUMBERS = ['1', true, {}, [], Infinity, -Infinity];
const statuses = (good: string) => ({
  good: good.split(' '),
  bad: [
    '',
    'Running',
    'unheard of',
    'aborted',
    'failed',
    'terminated',
    'done',
    'submitted',
    'pending',
    'idle',
    'running',
  ]
    .filter((status) => !good.split(' ').includes(status))
    .concat(['constructor', '__proto__'])
    .concat([1, ['running']] as unknown as string[]),
});
const KINDS: Readonly<Record<string, { good: readonly unknown[]; bad: readonly unknown[] }>> = {
  label: {
    good: ['', 'x', '\n"\\\u0000', 'x'.repeat(1024), 'é'.repeat(512), '😀'.repeat(256), '\ud800'.repeat(341)],
    bad: [
      'x'.repeat(1025),
      'é'.repeat(513),
      '😀'.repeat(256) + 'x',
      '\ud800'.repeat(342),
      1,
      true,
      {},
      ['x'],
    ],
  },
  id: {
    good: ['x', '\u0000', 'x'.repeat(128), '😀'.repeat(64), '\udfff'.repeat(128)],
    bad: ['', 'x'.repeat(129), '😀'.repeat(64) + 'x', 7, false, ['x'], { id: 'x' }],
  },
  text: { good: ['', 'x'.repeat(100_000)], bad: [1, true, {}, ['x']] },
  texts: { good: [[], ['x', 'y'], ['x'.repeat(2000)]], bad: ['x', {}, [null], ['x', 1]] },
  flag: { good: [true, false], bad: [0, 1, 'true', [], {}] },
  number: { good: [0, -1.5, 1e308, 2 ** 64], bad: NUMBERS },
  amount: { good: [0, -0, 0.5, 1e308], bad: [...NUMBERS, -1, -Number.MIN_VALUE] },
  dollars: { good: [0, 98.32, 1e6], bad: [...NUMBERS, -1, 1_000_000.001, 1e308] },
  whole: { good: [0, -1, 8.0, 1e3, 2 ** 53, 1e300], bad: [...NUMBERS, 0.5] },
  count: { good: [0, 8.0, 1e3, 2 ** 53], bad: [...NUMBERS, 0.5, -1] },
  positive: { good: [1, 8.0, 1e3], bad: [...NUMBERS, 1.5, 0, -1] },
  object: { good: [{}], bad: [[], 'x', 1, true] },
  list: { good: [[]], bad: [{}, 'x', 1, true] },
  blocks: {
    good: [
      { used: 1, total: 1 },
      { used: 8, total: 8, more: null },
      { used: 1e3, total: 1e300 },
    ],
    bad: [
      { used: 0, total: 1 },
      { used: 2, total: 1 },
      { used: -1, total: 1 },
      { used: 0.5, total: 1 },
      { used: 1, total: 1.5 },
      { used: 1, total: Infinity },
      { used: '1', total: 2 },
      { used: true, total: 2 },
      { used: null, total: 2 },
      { used: 1, total: null },
      { used: 1 },
      { total: 1 },
      {},
      [1, 1],
      'x',
      1,
    ],
  },
  tags: {
    good: [
      {},
      { '': '' },
      { team: 'x'.repeat(256), ['é'.repeat(128)]: 'é'.repeat(128), gone: null },
      JSON.parse('{"__proto__":"x"}'),
      Object.fromEntries(Array.from({ length: 40 }, (_, n) => [String(n), n < 32 ? 'x' : null])),
    ],
    bad: [
      { team: 'x'.repeat(257) },
      { ['é'.repeat(128) + 'x']: '' },
      { team: 1 },
      { team: ['x'] },
      JSON.parse('{"__proto__":7}'),
      Object.fromEntries(Array.from({ length: 33 }, (_, n) => [String(n), 'x'])),
      ['x'],
      'x',
      1,
    ],
  },
  instance_status: statuses('pending provisioning idle busy terminating'),
  run_status: statuses('pending submitted provisioning running terminating'),
  first_run_status: statuses('submitted pending'),
  run_finish: statuses('terminated failed done'),
  job_status: statuses('submitted provisioning pulling running terminating'),
  job_finish: statuses('terminated aborted failed done'),
};

/** A copy of the example's data with the field at the path set; undefined takes it out. */
function dataWith(type: EventType, path: readonly string[], value: unknown): unknown {
  const data = structuredClone(EXAMPLES[type]['data']) as Record<string, unknown>;
  let at = data;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string, unknown>;
  const last = path.at(-1)!;
  if (value !== undefined) at[last] = value;
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else Reflect.deleteProperty(at, last);
  return data;
}

/** null if the event is taken, else what it is refused with. */
function refusal(type: EventType, path: readonly string[], value: unknown): string | null {
  const decoded = decodeParsed({ ...EXAMPLES[type], data: dataWith(type, path, value) });
  return decoded.ok ? null : `${decoded.refusal.reason}: ${decoded.refusal.detail}`;
}

const fields = EVENT_TYPES.flatMap((type) =>
  RULES[type].split(' ').map((rule) => {
    const [path = '', kind = ''] = rule.split(':');
    return { type, path, kind, steps: path.split('.') };
  }),
);

describe.each(fields)('$type: $path is $kind', ({ type, kind, steps }) => {
  const names = steps.map((step) => step.replace('?', ''));
  const shown = `invalid_data: data${names.map((name) => (/^\d/.test(name) ? `[${name}]` : `.${name}`)).join('')}`;
  const { good, bad } = KINDS[kind]!;

  test('is taken', () => {
    for (const value of good) expect(refusal(type, names, value)).toBeNull();
  });

  test('is refused by name', () => {
    for (const value of bad) expect(refusal(type, names, value)?.slice(0, shown.length)).toBe(shown);
  });

  test('each step may be absent or null, or must be there', () => {
    for (const [index, step] of steps.entries()) {
      const upTo = names.slice(0, index + 1);
      const optional = step.endsWith('?');
      expect([step, refusal(type, upTo, null) === null]).toEqual([step, optional]);
      if (!/^\d|^DCGM|^UUID/.test(step)) {
        expect([step, refusal(type, upTo, undefined) === null]).toEqual([step, optional]);
      }
    }
  });

  test('each step on the way is an object or a list', () => {
    for (let length = 1; length < names.length; length++) {
      for (const value of ['x', 1, true, false, 0, ''])
        expect(refusal(type, names.slice(0, length), value)).not.toBeNull();
    }
  });
});

test.each(EVENT_TYPES)('%s: what nobody knows is kept', (type) => {
  const data = { ...(EXAMPLES[type]['data'] as object), unheard_of: { deep: [1, null] } };
  expect(decodeParsed({ ...EXAMPLES[type], data })).toMatchObject({ ok: true, event: { type, data } });
});

describe('gpu.sampled names a job of a run, or an instance', () => {
  const sample = EXAMPLES['fleetmeter.gpu.sampled.v1']['data'] as Record<string, unknown>;
  const { instance, ...rest } = sample;
  const run = { id: 'r' };
  const job = { id: 'j' };
  const detail = (members: object) => {
    const decoded = decodeParsed({ ...EXAMPLES['fleetmeter.gpu.sampled.v1'], data: { ...rest, ...members } });
    return decoded.ok ? null : decoded.refusal.detail;
  };

  test.each([
    ['a job', { run, job }],
    ['an instance', { instance }],
    ['an instance and a null job', { instance, job: null }],
    ['an instance and any run', { instance, run: 7 }],
    ['a job and any instance', { run, job, instance: 'x' }],
  ])('%s', (_, members) => {
    expect(detail(members)).toBeNull();
  });

  test.each([
    ['nothing', {}, 'data.instance: absent, expected an object'],
    ['a run alone', { run }, 'data.instance: absent, expected an object'],
    ['a job without its run', { job }, 'data.run: absent, expected an object'],
    ['a job without its run, on an instance', { job, instance }, 'data.run: absent, expected an object'],
    ['a job that is none', { run, instance, job: 'x' }, 'data.job: "x", expected an object'],
    [
      'a job without an id',
      { run, instance, job: {} },
      'data.job.id: absent, expected a text of 1 to 128 UTF-16 units',
    ],
    [
      'an id that is none',
      { instance: { id: '' } },
      'data.instance.id: "", expected a text of 1 to 128 UTF-16 units',
    ],
  ])('%s', (_, members, expected) => {
    expect(detail(members)).toBe(expected);
  });
});

describe('maps, whatever their members are called', () => {
  const type = 'fleetmeter.gpu.sampled.v1';
  test.each(['a\nb', '__proto__', '', 'é', 'constructor'])('%j', (name) => {
    const json = (value: string) => `{${JSON.stringify(name)}:${value}}`;
    const labels = (value: string) => refusal(type, ['series', '0', 'labels'], JSON.parse(json(value)));
    const values = (value: string) => refusal(type, ['series', '0', 'values'], JSON.parse(json(value)));
    const families = (value: string) => refusal(type, ['families'], JSON.parse(json(value)));
    for (const good of ['"x"', '""']) expect(labels(good)).toBeNull();
    for (const bad of ['null', '1', '{}', JSON.stringify('x'.repeat(1025))])
      expect(labels(bad)).not.toBeNull();
    for (const good of ['1', 'null', '-1.5']) expect(values(good)).toBeNull();
    for (const bad of ['"1"', 'true', '{}', '1e400']) expect(values(bad)).not.toBeNull();
    for (const good of ['{"type":"gauge","help":""}']) expect(families(good)).toBeNull();
    for (const bad of ['null', '{}', '{"type":"gauge","help":null}']) expect(families(bad)).not.toBeNull();
  });
});
