import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeEvent, decodeParsed, encodeEvent, MAX_EVENT_BYTES } from '../../events/codec';
import { EVENT_TYPES } from '../../events/event';
import { EXAMPLES } from '../../events/examples';
import { validEvents } from './arbitrary';

const example = EXAMPLES['fleetmeter.run.finished.v1'];
const json = JSON.stringify(example);

/** `reason: detail` of a refusal, or `taken`. */
function answer(text: string | Buffer): string {
  const decoded = decodeEvent(typeof text === 'string' ? Buffer.from(text) : text);
  return decoded.ok ? 'taken' : `${decoded.refusal.reason}: ${decoded.refusal.detail}`;
}
function withAttributes(attributes: object): string {
  return answer(JSON.stringify({ ...example, ...attributes }));
}
/** An example whose data has a member nested so that the whole has this many levels. */
function nested(levels: number, open: string, close: string): string {
  const inner = open.repeat(levels - 2) + '1' + close.repeat(levels - 2);
  return json.replace('"data":{', `"data":{"deep":${inner},`);
}

describe('an event is read', () => {
  test.each(EVENT_TYPES)('%s, from its example', (type) => {
    const decoded = decodeEvent(Buffer.from(JSON.stringify(EXAMPLES[type])));
    expect(decoded).toMatchObject({
      ok: true,
      event: {
        type,
        id: EXAMPLES[type]['id'],
        source: '/dstack/server/eu-1',
        timeMs: Date.parse(String(EXAMPLES[type]['time'])),
        data: EXAMPLES[type]['data'],
      },
    });
  });

  test('with the extensions that it has', () => {
    const extensions = { sequence: '42', recordedtime: '2026-11-24T11:00:02+00:00', traceparent: '00-x' };
    expect(decodeParsed({ ...example, ...extensions })).toMatchObject({
      event: { sequence: '42', recordedTimeMs: Date.UTC(2026, 10, 24, 11, 0, 2) },
    });
  });

  test('without those that are null', () => {
    const decoded = decodeParsed({ ...example, sequence: null, recordedtime: null });
    expect(decoded).toEqual(decodeParsed(example));
  });

  test('an empty sequence is one', () => {
    expect(decodeParsed({ ...example, sequence: '' })).toMatchObject({ event: { sequence: '' } });
  });

  test('subject and partitionkey are not looked at', () => {
    expect(withAttributes({ subject: 7, partitionkey: null })).toBe('taken');
  });

  test('an id may be of any length, a source has up to 1024 bytes', () => {
    expect(withAttributes({ id: 'x'.repeat(5000), source: 'é'.repeat(512) })).toBe('taken');
  });

  test('of a member that is there twice the last counts', () => {
    expect(answer(json.replace('"status":"done"', '"status":"nonsense","status":"done"'))).toBe('taken');
    expect(answer(json.replace('"status":"done"', '"status":"done","status":"nonsense"'))).toMatch(
      /^invalid_data/,
    );
    expect(answer('{"specversion":"0.3",' + json.slice(1))).toBe('taken');
  });

  test('bytes that are not UTF-8 count as U+FFFD', () => {
    const bytes = Buffer.from(json.replace('all_jobs_done', 'X'));
    bytes[bytes.indexOf('X')] = 0xff;
    expect(decodeEvent(bytes)).toMatchObject({ event: { data: { reason: '\ufffd' } } });
  });

  test('white space around it does not matter', () => {
    expect(answer(` \r\n\t${json}\n`)).toBe('taken');
  });
});

describe('invalid_json', () => {
  test.each([
    ['nothing', ''],
    ['half an event', json.slice(0, -1)],
    ['two events', json + json],
    ['a byte order mark', `\ufeff${json}`],
    ['NaN', json.replace('"done"', 'NaN')],
    ['a comma too many', json.replace(/}$/, ',}')],
    ['a raw control character', json.replace('all_jobs_done', 'a\u0001b')],
    ['single quotes', "{'a':1}"],
  ])('%s', (_, text) => {
    expect(answer(text)).toMatch(/^invalid_json: event: .* expected JSON \(SyntaxError: .*\)$/);
  });

  test.each([
    ['[', ']'],
    ['{"":', '}'],
  ])('%s nested deeper than 500 levels', (open, close) => {
    expect(answer(nested(500, open, close))).toBe('taken');
    const refusal = 'invalid_json: event: nested too deep, expected at most 500 levels';
    expect(answer(nested(501, open, close))).toBe(refusal);
    expect(answer(nested(100_000, open, close))).toBe(refusal);
  });

  test('the shortest text that is too deep', () => {
    expect(answer('['.repeat(500) + ']'.repeat(500))).toMatch(/^invalid_envelope/);
    expect(answer('['.repeat(501) + ']'.repeat(501))).toMatch(/^invalid_json/);
  });

  test('brackets in a text, or side by side, are no nesting', () => {
    const inText = json.replace('all_jobs_done', '[{'.repeat(2000));
    expect(answer(inText)).toBe('taken');
    expect(answer(inText.replace('"data":{', '"data":{"wide":[' + '[],'.repeat(2000) + '{}],'))).toBe(
      'taken',
    );
  });
});

describe('invalid_envelope', () => {
  test.each(['null', '7', '"x"', 'true', '[]', `[${json}]`])('%s is no event', (text) => {
    expect(answer(text)).toMatch(/^invalid_envelope: event: .*, expected an object$/);
  });

  test.each([
    [{ specversion: undefined }, 'specversion: absent, expected "1.0"'],
    [{ specversion: '0.3' }, 'specversion: "0.3", expected "1.0"'],
    [{ specversion: 1.0 }, 'specversion: 1, expected "1.0"'],
    [{ id: undefined }, 'id: absent, expected a text that is not empty'],
    [{ id: '' }, 'id: "", expected a text that is not empty'],
    [{ id: null }, 'id: null, expected a text that is not empty'],
    [{ id: 7 }, 'id: 7, expected a text that is not empty'],
    [{ source: undefined }, 'source: absent, expected a text of 1 to 1024 bytes of UTF-8'],
    [{ source: '' }, 'source: "", expected a text of 1 to 1024 bytes of UTF-8'],
    [{ source: ['x'] }, 'source: ["x"], expected a text of 1 to 1024 bytes of UTF-8'],
    [{ type: undefined }, 'type: absent, expected a text'],
    [{ type: null }, 'type: null, expected a text'],
    [{ time: undefined }, 'time: absent, expected an RFC 3339 time with up to 9 fraction digits'],
    [{ time: null }, 'time: null, expected an RFC 3339 time with up to 9 fraction digits'],
    [{ time: 1795509000000 }, 'time: 1795509000000, expected an RFC 3339 time with up to 9 fraction digits'],
    [{ time: 'now' }, 'time: "now", expected an RFC 3339 time with up to 9 fraction digits'],
    [{ sequence: 7 }, 'sequence: 7, expected a text'],
    [{ recordedtime: 'x' }, 'recordedtime: "x", expected an RFC 3339 time with up to 9 fraction digits'],
    [{ recordedtime: 0 }, 'recordedtime: 0, expected an RFC 3339 time with up to 9 fraction digits'],
  ])('%j', (attributes, detail) => {
    expect(withAttributes(attributes)).toBe(`invalid_envelope: ${detail}`);
  });

  test('a source of more than 1024 bytes', () => {
    expect(withAttributes({ source: 'é'.repeat(513) })).toMatch(
      /^invalid_envelope: source: "é+…, expected a text of 1/,
    );
  });
});

describe('the reason that comes first is the one given', () => {
  test('size, JSON, envelope, type, data', () => {
    const tooLarge = Buffer.alloc(MAX_EVENT_BYTES + 1, '[');
    expect(answer(tooLarge)).toBe('too_large: event: 1000001 bytes, expected at most 1000000');
    expect(answer(tooLarge.subarray(1))).toMatch(/^invalid_json/);
    expect(withAttributes({ time: 'x', type: 'x', data: null })).toMatch(/^invalid_envelope/);
    expect(withAttributes({ type: 'x', data: null })).toMatch(/^unknown_type/);
    expect(withAttributes({ data: null })).toMatch(/^invalid_data/);
  });

  test('the size is that of the bytes, and one of exactly the limit is read', () => {
    const padded = json.replace(
      'all_jobs_done',
      'é'.repeat((MAX_EVENT_BYTES - Buffer.byteLength(json) + 13) / 2),
    );
    const bytes = Buffer.from(padded);
    const filled = Buffer.concat([bytes, Buffer.alloc(MAX_EVENT_BYTES - bytes.length, ' ')]);
    expect(filled.length).toBe(MAX_EVENT_BYTES);
    expect(answer(filled)).toBe('taken');
    expect(answer(Buffer.concat([filled, Buffer.from(' ')]))).toMatch(/^too_large/);
  });
});

test.each([
  '',
  'fleetmeter.run.finished',
  'fleetmeter.run.finished.v2',
  'fleetmeter.run.finished.v1\n',
  'Fleetmeter.run.finished.v1',
  'fleetmeter.run.provisioned.v1',
  'com.example.other',
  '__proto__',
])('unknown_type %j', (type) => {
  expect(withAttributes({ type })).toBe(
    `unknown_type: type: ${JSON.stringify(type)}, expected one of the ${EVENT_TYPES.length} types, fleetmeter.instance.started.v1 among them`,
  );
});

describe('invalid_data names field, value and what was expected', () => {
  const price = EXAMPLES['fleetmeter.job.price_changed.v1'];
  const gpu = EXAMPLES['fleetmeter.gpu.sampled.v1'];
  const detail = (of: object, data: unknown) => answer(JSON.stringify({ ...of, data }));
  const job = { run: { id: 'r' }, job: { id: 'j' } };
  const sample = gpu['data'] as object;

  test.each([
    [example, undefined, 'data: absent, expected an object'],
    [example, [], 'data: [], expected an object'],
    [
      price,
      { ...job, price: { dollars_per_hour: -3 } },
      'data.price.dollars_per_hour: -3, expected a number from 0 to 1000000',
    ],
    [price, { ...job, price: null }, 'data.price: null, expected an object'],
    [
      price,
      { ...job, price: {} },
      'data.price.dollars_per_hour: absent, expected a number from 0 to 1000000',
    ],
    [
      example,
      { run: { id: '' }, status: 'done' },
      'data.run.id: "", expected a text of 1 to 128 UTF-16 units',
    ],
    [
      example,
      { run: { id: 'r' }, status: 'running' },
      'data.status: "running", expected one of terminated, failed, done',
    ],
    [example, { run: { id: 'r' }, status: 'done', reason: 5 }, 'data.reason: 5, expected a text'],
    [
      gpu,
      { ...sample, series: [{ labels: { 'a b/~': 7 }, values: {} }] },
      'data.series[0].labels["a b/~"]: 7, expected a text of up to 1024 bytes of UTF-8',
    ],
    [
      gpu,
      { ...sample, series: [{ labels: {}, values: { power: 'high' } }] },
      'data.series[0].values.power: "high", expected a finite number',
    ],
    [
      gpu,
      { ...sample, families: { 'a~1b': { type: 1, help: '' } } },
      'data.families["a~1b"].type: 1, expected a text',
    ],
  ])('%#', (of, data, expected) => {
    expect(detail(of, data)).toBe(`invalid_data: ${expected}`);
  });

  test('blocks', () => {
    const provisioned = EXAMPLES['fleetmeter.job.provisioned.v1'];
    const data = { ...(provisioned['data'] as object), blocks: { used: 9, total: 8 } };
    expect(detail(provisioned, data)).toBe(
      'invalid_data: data.blocks: {"used":9,"total":8}, expected whole numbers with 1 <= used <= total',
    );
  });

  test('a number that no double holds', () => {
    const text = JSON.stringify({ ...price, data: { ...job, price: { dollars_per_hour: 0 } } });
    expect(answer(text.replace('"dollars_per_hour":0', '"dollars_per_hour":1e400'))).toBe(
      'invalid_data: data.price.dollars_per_hour: Infinity, expected a number from 0 to 1000000',
    );
  });

  test('in one short line, whatever the value', () => {
    const values = ['\n\u2028\u009b\u001b[31m', 'x'.repeat(100_000), Array(10_000).fill({ a: 1 })];
    for (const value of values) {
      for (const data of [{ run: { id: 'r' }, status: value }, { run: value }, value]) {
        const refusal = detail(example, data);
        expect(refusal).toMatch(/^invalid_data: data.{1,200}$/);
        expect(refusal).not.toMatch(/[\p{Cc}\u2028]/u);
      }
    }
    const named = { ...sample, families: { ['\n\u009b' + 'x'.repeat(5000)]: 1 } };
    expect(detail(gpu, named)).toMatch(
      /^invalid_data: data\.families\["\P{Cc}{1,80}\]: 1, expected an object$/u,
    );
  });
});

test('what is written is read as the same event', () => {
  fc.assert(
    fc.property(validEvents, (value) => {
      const first = decodeParsed(value);
      if (!first.ok) throw new Error(first.refusal.detail);
      assert.equal(first.event.data, value['data']);
      const second = decodeEvent(Buffer.from(encodeEvent(first.event)));
      if (!second.ok) throw new Error(second.refusal.detail);
      assert.deepStrictEqual(second.event, first.event);
    }),
    { numRuns: 500 },
  );
});

test('an event is written as CloudEvents has it', () => {
  const written = { ...example, sequence: '7', recordedtime: '2026-11-24T11:00:02.000Z' };
  const decoded = decodeParsed(written);
  expect(decoded.ok && JSON.parse(encodeEvent(decoded.event))).toEqual(written);
});

test('any JSON is answered', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(answer(text)).toMatch(/^invalid_envelope: \P{Cc}+, expected \P{Cc}+$/u);
    }),
  );
});

test('any bytes are answered', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(answer(Buffer.from(bytes))).toMatch(/^invalid_(json|envelope): \P{Cc}+, expected \P{Cc}+$/u);
    }),
  );
});

test('any data is answered', () => {
  fc.assert(
    fc.property(fc.constantFrom(...EVENT_TYPES), fc.jsonValue(), (type, data) => {
      expect(answer(JSON.stringify({ ...EXAMPLES[type], data }))).toMatch(
        /^invalid_data: data\P{Cc}*, expected \P{Cc}+$/u,
      );
    }),
  );
});
