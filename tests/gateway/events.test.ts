import { deflateSync, brotliCompressSync, gzipSync } from 'node:zlib';
import { EXAMPLES } from '../../events/examples';
import { partitionOf } from '../../events/routing';
import { BATCHED, NDJSON, STRUCTURED, binaryOf, goodEvent, gpuEvent } from './support/events';
import { NOW_MS, startGateway, type TestGateway } from './support/server';

let gateway: TestGateway;
beforeEach(async () => (gateway = await startGateway()));
afterEach(() => gateway.close());

const PATH = '/v1/events';

describe('modes', () => {
  test('structured: one event, on the log byte by byte as it was sent', async () => {
    const sent = ` ${JSON.stringify({ ...goodEvent('e-1'), ours: 1e3 }, null, 2)}\n`;
    const { status, body } = await gateway.post(PATH, sent, STRUCTURED);
    expect([status, body]).toEqual([202, { accepted: 1, rejected: [] }]);
    expect(gateway.log.records.map(({ value }) => value.toString())).toEqual([sent]);
    expect(gateway.counts).toEqual(
      new Map([
        ['accepted', 1],
        ['left out gpu_field', 0],
      ]),
    );
  });

  test('all types go to their topic and to the partition of their key', async () => {
    const events = Object.values(EXAMPLES);
    const { body } = await gateway.post(PATH, JSON.stringify(events), BATCHED);
    expect(body).toEqual({ accepted: events.length, rejected: [] });
    expect(gateway.log.events()).toEqual(events);
    for (const [i, { topic, key, partition }] of gateway.log.records.entries()) {
      const event = events[i] ?? {};
      expect(topic).toBe(String(event['type']).includes('sampled') ? 'telemetry' : 'lifecycle');
      expect(key).toBe(event['partitionkey']);
      expect(partition).toBe(partitionOf(key, 8));
    }
  });

  test('batched: each event is judged on its own', async () => {
    const batch = [goodEvent('a'), { ...goodEvent('b'), specversion: '0.3' }, 7, goodEvent('c'), { id: 5 }];
    const { status, body } = await gateway.post(PATH, JSON.stringify(batch), BATCHED);
    expect(status).toBe(202);
    expect(body).toEqual({
      accepted: 2,
      rejected: [
        { index: 1, id: 'b', reason: 'invalid_envelope', detail: 'specversion: "0.3", expected "1.0"' },
        { index: 2, reason: 'invalid_envelope', detail: 'event: 7, expected an object' },
        { index: 4, reason: 'invalid_envelope', detail: 'specversion: absent, expected "1.0"' },
      ],
    });
    expect(gateway.log.events().map(({ id }) => id)).toEqual(['a', 'c']);
    expect(gateway.counts.get('rejected invalid_envelope')).toBe(3);
  });

  test('a byte order mark before the body is passed over in every mode, and is not on the log', async () => {
    const event = goodEvent('marked');
    const { headers, body } = binaryOf(event);
    const json = JSON.stringify(event);
    for (const [text, mode] of [
      [json, STRUCTURED],
      [`[${json}]`, BATCHED],
      [`${json}\r\n`, NDJSON],
      [body, headers],
    ] as const) {
      expect((await gateway.post(PATH, `\ufeff${text}`, mode)).body).toEqual({ accepted: 1, rejected: [] });
    }
    expect(gateway.log.records.map(({ value }) => value[0])).toEqual(Array(4).fill(0x7b));
    const { status, body: answer } = await gateway.post(PATH, Buffer.from(json, 'utf16le'), STRUCTURED);
    expect([status, answer]).toMatchObject([
      400,
      { reason: 'invalid_json', detail: 'body: it is UTF-16, expected UTF-8' },
    ]);
  });

  test('an empty batch is nothing wrong, nor is empty NDJSON', async () => {
    for (const [body, headers] of [
      ['[]', BATCHED],
      ['', NDJSON],
      [' \n\n', NDJSON],
    ] as const) {
      const answer = await gateway.post(PATH, body, headers);
      expect([answer.status, answer.body]).toEqual([202, { accepted: 0, rejected: [] }]);
    }
    expect(gateway.log.records).toEqual([]);
  });

  test('NDJSON: a line an event, blank lines skipped, the index is the line', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => JSON.stringify(goodEvent(id)));
    const { status, body } = await gateway.post(PATH, `${a}\r\n\n  \n{"id":\n ${b} \n${c}`, NDJSON);
    expect(status).toBe(202);
    expect(body.accepted).toBe(3);
    expect(body.rejected).toMatchObject([{ index: 3, reason: 'invalid_json' }]);
    expect(gateway.log.records.map(({ value }) => value.toString())).toEqual([a, b, c]);
  });

  test('binary: attributes from the headers, percent-decoded, data from the body', async () => {
    const event = { ...goodEvent('Ü€😀 "x" 100%'), subject: 'r-b02a', ours: 'kept' };
    const { headers, body } = binaryOf(event);
    const answer = await gateway.post(PATH, body, headers);
    expect([answer.status, answer.body]).toEqual([202, { accepted: 1, rejected: [] }]);
    expect(gateway.log.events()).toEqual([{ ...event, datacontenttype: 'application/json' }]);
  });

  test('binary: quoted values of older senders, headers in any case, no content-type, +json', async () => {
    const { headers, body } = binaryOf(goodEvent('x'));
    const { 'content-type': _, ...bare } = headers;
    await gateway.post(PATH, body, { ...bare, 'ce-id': '"say \\"hi\\" \\\\ %41"' });
    await gateway.post(PATH, body, {
      ...headers,
      'CE-ID': 'y',
      'content-type': 'application/problem+json; charset="UTF-8"',
    });
    expect(gateway.log.events().map(({ id, datacontenttype }) => [id, datacontenttype])).toEqual([
      ['say "hi" \\ A', undefined],
      ['y', 'application/problem+json; charset="UTF-8"'],
    ]);
  });

  test.each([
    ['an overlong encoding', { 'ce-subject': '%C0%A0' }, /ce-subject: "%C0%A0", expected printable ASCII/],
    ['a broken one', { 'ce-subject': '50%' }, /ce-subject: "50%"/],
    ['characters beyond ASCII', { 'ce-subject': 'é' }, /ce-subject/],
    ['an attribute twice', { 'ce-subject': ['a', 'b'] }, /ce-subject: there several times/],
    ['data as an attribute', { 'ce-data': '{}' }, /ce-data: there is no attribute/],
    ['the content type as an attribute', { 'ce-datacontenttype': 'a/b' }, /ce-datacontenttype/],
    ['a name that none has', { 'ce-__proto__': 'x' }, /ce-__proto__/],
  ])('binary with %s is an invalid envelope', async (_, more, detail) => {
    const { headers, body } = binaryOf(goodEvent('x'));
    const answer = await gateway.post(PATH, body, { ...headers, ...more });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ reason: 'invalid_envelope', accepted: 0 });
    expect(answer.body.detail).toMatch(detail);
  });

  test('application/json without ce- headers is binary mode without attributes, and says what to do', async () => {
    const answer = await gateway.post(PATH, JSON.stringify(goodEvent('x')), {
      'content-type': 'application/json',
    });
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toMatch(/^ce-specversion: absent, .*ce- headers/);
  });

  test.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', Buffer.from],
  ])('content-encoding %s', async (encoding, encode) => {
    const bytes = Buffer.from(JSON.stringify(goodEvent('x')));
    const { status } = await gateway.post(PATH, (encode as (b: Buffer) => Buffer)(bytes), {
      ...STRUCTURED,
      'content-encoding': encoding,
    });
    expect(status).toBe(202);
    expect(gateway.log.records[0]?.value).toEqual(bytes);
  });
});

describe('what is odd, and taken all the same', () => {
  test('__proto__ and constructor as members, duplicate keys (the last counts), huge numbers nobody reads', async () => {
    const good = JSON.stringify(goodEvent('x'));
    const odd = [
      good.replace('{', '{"__proto__":"evil","constructor":1,'),
      good.replace('"id":"x"', '"id":"first","id":"x"'),
      good.replace('"data":{', '"data":{"ours":1e999,"__proto__":{"status":"done"},'),
    ];
    const { status, body } = await gateway.post(PATH, odd.join('\n'), NDJSON);
    expect([status, body]).toEqual([202, { accepted: 3, rejected: [] }]);
    expect(gateway.log.records.map(({ value }) => value.toString())).toEqual(odd);
    expect(gateway.log.events().map(({ id }) => id)).toEqual(['x', 'x', 'x']);
    expect(({} as Record<string, unknown>)['id']).toBeUndefined();

    const batch = await gateway.post(PATH, `[${odd[0] ?? ''}]`, BATCHED);
    expect(batch.body).toEqual({ accepted: 1, rejected: [] });
    expect(gateway.log.records[3]?.value.toString()).toContain('"__proto__":"evil"');
  });
});

describe('the clock', () => {
  test('300 s ahead is taken, more is from the future, of samples too; the past is the fold to judge', async () => {
    const at = (ms: number) => new Date(ms).toISOString();
    const events = [
      { ...goodEvent('limit'), time: at(NOW_MS + 300_000) },
      { ...goodEvent('beyond'), time: at(NOW_MS + 300_001) },
      { ...gpuEvent('sample'), time: at(NOW_MS + 300_001) },
      { ...goodEvent('old'), time: '1970-01-01T00:00:00Z' },
    ];
    const { body } = await gateway.post(PATH, JSON.stringify(events), BATCHED);
    expect(body.accepted).toBe(2);
    expect(body.rejected).toEqual([
      {
        index: 1,
        id: 'beyond',
        reason: 'from_the_future',
        detail: 'time: 2026-11-24T12:05:00.001Z, expected at most 300 s after 2026-11-24T12:00:00.000Z',
      },
      expect.objectContaining({ index: 2, id: 'sample', reason: 'from_the_future' }),
    ]);
  });
});

describe('sizes', () => {
  const padded = (id: string, bytes: number) => {
    const bare = JSON.stringify({ ...goodEvent(id), pad: '' });
    return bare.replace('"pad":""', `"pad":"${'x'.repeat(bytes - bare.length)}"`);
  };

  test('an event of 1,000,000 bytes is taken, a byte more is too large, in each mode', async () => {
    const [fits, over] = [padded('fits', 1_000_000), padded('over', 1_000_001)];
    const tooLarge = { reason: 'too_large', detail: 'event: 1000001 bytes, expected at most 1000000' };
    expect((await gateway.post(PATH, fits, STRUCTURED)).body).toEqual({ accepted: 1, rejected: [] });
    const structured = await gateway.post(PATH, over, STRUCTURED);
    expect(structured.status).toBe(400);
    expect(structured.body).toEqual({
      error: 'Bad Request',
      ...tooLarge,
      accepted: 0,
      rejected: [{ index: 0, ...tooLarge }],
    });
    const ndjson = await gateway.post(PATH, `${over}\n${fits}`, NDJSON);
    expect(ndjson.body).toEqual({ accepted: 1, rejected: [{ index: 0, ...tooLarge }] });
    const batch = await gateway.post(PATH, `[${over},${fits}]`, BATCHED);
    expect(batch.body).toEqual({ accepted: 1, rejected: [{ index: 0, id: 'over', ...tooLarge }] });
    const { headers, body } = binaryOf(goodEvent('binary'));
    const binary = await gateway.post(PATH, body.replace('{', `{"pad":"${'x'.repeat(999_900)}",`), headers);
    expect(binary.body.reason).toBe('too_large');
  });

  test('more events than a request may have are not taken, none of them', async () => {
    await gateway.close();
    gateway = await startGateway({ limits: { events: 2 } });
    const three = ['a', 'b', 'c'].map((id) => JSON.stringify(goodEvent(id)));
    for (const [body, headers] of [
      [three.join('\n'), NDJSON],
      [`[${three.join(',')}]`, BATCHED],
    ] as const) {
      const answer = await gateway.post(PATH, body, headers);
      expect(answer.status).toBe(413);
      expect(answer.body).toMatchObject({
        reason: 'too_many_events',
        detail: 'the body has more than 2 events',
      });
    }
    expect(gateway.log.records).toEqual([]);
    expect((await gateway.post(PATH, three.slice(1).join('\n'), NDJSON)).body.accepted).toBe(2);
  });

  test('a body of many thousand events is taken in turns, in order', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => JSON.stringify(goodEvent(`e-${i}`)));
    const { body } = await gateway.post(PATH, lines.join('\n'), NDJSON);
    expect(body).toEqual({ accepted: 5000, rejected: [] });
    expect(gateway.log.records.map(({ value }) => value.toString())).toEqual(lines);
  });
});

describe('GPU fields of a dcgm exporter', () => {
  const data = gpuEvent('x')['data'] as { series: object[]; families: Record<string, object> };

  test('are filtered, what is left out is counted; members that nobody knows stay', async () => {
    await gateway.close();
    gateway = await startGateway({ gpuFields: new Set(['DCGM_FI_DEV_GPU_UTIL']) });
    const event = { ...gpuEvent('x'), ours: 1, data: { ...data, ours: 2 } };
    for (const [body, headers] of [
      [JSON.stringify(event), STRUCTURED],
      [JSON.stringify([event]), BATCHED],
    ] as const) {
      expect((await gateway.post(PATH, body, headers)).status).toBe(202);
    }
    const [first, second] = gateway.log.events();
    expect(first).toEqual(second);
    expect(first).toMatchObject({ ours: 1, id: 'x', data: { ours: 2, exporter: 'dcgm' } });
    const kept = first?.['data'] as { series: { labels: object; values: object }[]; families: object };
    expect(kept.series.map(({ values }) => values)).toEqual([
      { DCGM_FI_DEV_GPU_UTIL: 97 },
      { DCGM_FI_DEV_GPU_UTIL: 95 },
    ]);
    expect(kept.series[0]?.labels).toEqual((data.series[0] as { labels: object }).labels);
    expect(Object.keys(kept.families)).toEqual(['DCGM_FI_DEV_GPU_UTIL']);
    expect(gateway.counts.get('left out gpu_field')).toBe(4);
  });

  test('a row with nothing left goes; the event stays, for it is the latest', async () => {
    await gateway.close();
    gateway = await startGateway({ gpuFields: new Set() });
    await gateway.post(PATH, JSON.stringify(gpuEvent('x')), STRUCTURED);
    expect(gateway.log.events()).toMatchObject([{ data: { series: [], families: {} } }]);
  });

  test('of another exporter are not touched, nor a sample that has none to leave out', async () => {
    await gateway.close();
    gateway = await startGateway({ gpuFields: new Set(Object.keys(data.families)) });
    const sent = [gpuEvent('x', 'amd'), gpuEvent('y')].map((event) => ` ${JSON.stringify(event, null, 1)} `);
    for (const body of sent) await gateway.post(PATH, body, STRUCTURED);
    expect(gateway.log.records.map(({ value }) => value.toString())).toEqual(sent);
  });
});
