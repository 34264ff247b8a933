import { gzipSync } from 'node:zlib';
import { decodeEvent } from '../../events/codec';
import { DEFAULT_GPU_FIELDS } from '../../services/exposition/dcgm-fields';
import { NOW_MS, startGateway, type TestGateway } from './support/server';

const PAGE = `# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0", UUID="GPU-0"} 97
DCGM_FI_DEV_GPU_UTIL{gpu="1", UUID="GPU-1"} 4294967295
DCGM_FI_DEV_SLOWDOWN_TEMP{gpu="0", UUID="GPU-0"} 93
DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-0"} 61
DCGM_FI_DEV_GPU_TEMP{gpu="1",UUID="GPU-1"} NaN
`;

let gateway: TestGateway;
beforeEach(async () => (gateway = await startGateway({ gpuFields: DEFAULT_GPU_FIELDS })));
afterEach(() => gateway.close());

test('a page becomes one event of now: labels once, only the configured fields, all else counted', async () => {
  const answer = await gateway.post('/v1/telemetry/dcgm?job=j-1&run=r-1', PAGE, {
    'content-type': 'text/plain; version=0.0.4',
  });
  expect([answer.status, answer.body]).toEqual([
    202,
    {
      accepted: 1,
      series: 2,
      values: 3,
      refused: [],
      refused_lines: 0,
      left_out: { gpu_field: 1, not_a_number: 1, reserved_name: 0, composite: 0, limit: 0 },
    },
  ]);
  expect(gateway.log.records).toMatchObject([{ topic: 'telemetry', key: 'r-1' }]);
  const decoded = decodeEvent(gateway.log.records[0]?.value ?? Buffer.alloc(0));
  expect(decoded).toMatchObject({
    ok: true,
    event: {
      type: 'fleetmeter.gpu.sampled.v1',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      source: '/fleetmeter/gateway',
      timeMs: NOW_MS,
      data: {
        job: { id: 'j-1' },
        run: { id: 'r-1' },
        exporter: 'dcgm',
        families: { DCGM_FI_DEV_GPU_UTIL: { type: 'gauge', help: 'GPU utilization (in %).' } },
        series: [
          {
            labels: { gpu: '0', UUID: 'GPU-0' },
            values: { DCGM_FI_DEV_GPU_UTIL: 97, DCGM_FI_DEV_GPU_TEMP: 61 },
          },
          { labels: { gpu: '1', UUID: 'GPU-1' }, values: { DCGM_FI_DEV_GPU_UTIL: 4294967295 } },
        ],
      },
    },
  });
  expect(Object.fromEntries(gateway.counts)).toEqual({
    accepted: 1,
    'left out gpu_field': 1,
    'left out not_a_number': 1,
    'left out reserved_name': 0,
    'left out composite': 0,
    'left out limit': 0,
    'left out bad_line': 0,
  });
});

test('an instance; another exporter, whose names all stay; ids of two pages differ', async () => {
  await gateway.post('/v1/telemetry/amd?instance=i-1', gzipSync('amd_gpu{a="1"} 5 1795509000000'), {
    'content-encoding': 'gzip',
  });
  await gateway.post('/v1/telemetry/dcgm?instance=i-1', PAGE, {
    'content-type': 'application/x-www-form-urlencoded',
  });
  const [amd, dcgm] = gateway.log.events();
  expect(amd).toMatchObject({
    subject: 'i-1',
    data: {
      instance: { id: 'i-1' },
      exporter: 'amd',
      families: {},
      series: [{ labels: { a: '1' }, values: { amd_gpu: 5 }, timestamp_ms: 1795509000000 }],
    },
  });
  expect(dcgm?.['id']).not.toBe(amd?.['id']);
});

test('OpenMetrics, by its content type', async () => {
  const { body } = await gateway.post(
    '/v1/telemetry/x?instance=i',
    '# TYPE a counter\na_total 5 1.5\n# EOF\n',
    {
      'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    },
  );
  expect(body).toMatchObject({ accepted: 1, values: 1, refused_lines: 0 });
  expect(gateway.log.events()).toMatchObject([
    {
      data: {
        families: { a_total: { type: 'counter' } },
        series: [{ values: { a_total: 5 }, timestamp_ms: 1500 }],
      },
    },
  ]);
});

test('bad lines are told with their number, and lose no other', async () => {
  const { status, body } = await gateway.post(
    '/v1/telemetry/x?instance=i',
    Buffer.concat([
      Buffer.from('a 1\nb{x="y" 2\na 3\nc{x="'),
      Buffer.from([0xff]),
      Buffer.from('"} 4\nd 5\n'),
    ]),
  );
  expect(status).toBe(202);
  expect(body).toMatchObject({
    series: 1,
    values: 2,
    refused_lines: 3,
    refused: [
      { line: 2, column: 9, reason: expect.stringContaining('expected a label name or "}"') as string },
      { line: 3, column: 1, reason: 'the same series as on a line before' },
      { line: 4, column: 1, reason: 'not valid UTF-8' },
    ],
  });
  expect(gateway.counts.get('left out bad_line')).toBe(3);
});

test('an empty page is a sample that has nothing; a page of which nothing could be read is none', async () => {
  for (const page of ['', '# HELP a text\n']) {
    expect(await gateway.post('/v1/telemetry/x?instance=i', page)).toMatchObject({
      status: 202,
      body: { series: 0 },
    });
  }
  const answer = await gateway.post('/v1/telemetry/x?instance=i', '<html>\n<body>\n');
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({
    reason: 'invalid_exposition',
    refused_lines: 2,
    refused: [{ line: 1 }, { line: 2 }],
  });
  expect(gateway.log.records).toHaveLength(2);
});

test('a page that fits into no event is refused whole', async () => {
  const long = 'x'.repeat(120);
  const page = Array.from({ length: 9_000 }, (_, i) => `m{gpu="${i}",a="${long}"} 1`).join('\n');
  const answer = await gateway.post('/v1/telemetry/x?instance=i', page);
  expect(answer.status).toBe(413);
  expect(answer.body.reason).toBe('too_large');
  expect(answer.body.detail).toMatch(/^event: \d+ bytes, expected at most 1000000$/);
  const many = await gateway.post('/v1/telemetry/x?instance=i', '#\n'.repeat(50_001));
  expect([many.status, many.body.reason]).toEqual([413, 'too_large']);
  expect(gateway.log.records).toEqual([]);
});

test('what is above a limit is left out, counted, and said in one line; the rest is taken', async () => {
  const page = Array.from({ length: 1002 }, (_, i) => `m${i} 1`).join('\n');
  for (let times = 0; times < 3; times++) {
    const { status, body } = await gateway.post('/v1/telemetry/x?instance=i', page);
    expect([status, body.values, body.refused_lines, body.left_out?.limit]).toEqual([202, 1000, 2, 2]);
    expect(body.refused?.[0]).toMatchObject({ line: 1001, reason: 'the page has more than 1000 families' });
  }
  expect(gateway.counts.get('left out limit')).toBe(6);
  expect(gateway.counts.get('left out bad_line')).toBe(0);
  const said = gateway.logged.filter((line) => line.includes('above the limits'));
  expect(said).toEqual([expect.stringContaining('"exporter":"x","series":2,')]);
});

test.each([
  ['', /all are absent or empty/],
  ['?job=j', /run is absent or empty/],
  ['?run=r', /job is absent or empty/],
  ['?job=&run=r', /job is absent or empty/],
  ['?instance=', /all are absent/],
  ['?instance=i&job=j', /instance is there together with/],
  ['?instance=i&instance=k', /instance is there several times/],
  ['?jobs=j&run=r', /"jobs" is unknown/],
  ['?__proto__=x', /"__proto__" is unknown/],
])('the parameters %j are refused', async (query, detail) => {
  const { status, body } = await gateway.post(`/v1/telemetry/dcgm${query}`, PAGE);
  expect([status, body.reason]).toEqual([400, 'invalid_parameters']);
  expect(body.detail).toMatch(detail);
});

test('an id that is too long, an exporter that is no name, a body of another kind', async () => {
  const long = await gateway.post(`/v1/telemetry/dcgm?instance=${'x'.repeat(129)}`, PAGE);
  expect([long.status, long.body.reason]).toEqual([400, 'invalid_data']);
  expect(long.body.detail).toMatch(/^data\.instance\.id: .*1 to 128/);
  const name = await gateway.post('/v1/telemetry/a%20b?instance=i', PAGE);
  expect([name.status, name.body.reason]).toEqual([400, 'invalid_parameters']);
  const json = await gateway.post('/v1/telemetry/dcgm?instance=i', '{}', {
    'content-type': 'application/json',
  });
  expect([json.status, json.body.reason]).toEqual([415, 'unsupported_content_type']);
  expect(gateway.log.records).toEqual([]);
});

test("dstack's fields are 49", () => {
  expect(DEFAULT_GPU_FIELDS.size).toBe(49);
  expect([...DEFAULT_GPU_FIELDS].every((name) => /^DCGM_FI_(DEV|PROF)_[A-Z0-9_]+$/.test(name))).toBe(true);
});
