/** CloudEvents 1.0.2, JSON format: what its tables and its examples say of members, types and data. */
import { decodeEvent, type Decoded } from '../../events/codec';
import { EXAMPLES } from '../../events/examples';

const EVENT = EXAMPLES['fleetmeter.run.status_changed.v1'];
const { data: DATA, ...ATTRIBUTES } = EVENT;

function decode(members: object): Decoded {
  return decodeEvent(Buffer.from(JSON.stringify(members)));
}
function answer(members: object): string {
  const decoded = decode(members);
  return decoded.ok ? 'taken' : `${decoded.refusal.reason}: ${decoded.refusal.detail}`;
}
function base64Of(text: string | Buffer): string {
  return Buffer.from(text).toString('base64');
}

describe('type system mapping (2.2)', () => {
  test.each<[string, unknown]>([
    ['Boolean', true],
    ['Integer', 5],
    ['Integer', -2147483648],
    ['String', 'value'],
    ['String', ''],
    ['Binary', base64Of('bytes')],
    ['URI', 'https://example.org/x'],
    ['URI-reference', '../x?y#z'],
    ['Timestamp', '2018-04-05T17:31:00Z'],
    ['unset', null],
  ])('an extension attribute of type %s: %j', (_, value) => {
    expect(answer({ ...EVENT, comexampleextension1: value })).toBe('taken');
  });

  test.each(['partitionkey', 'subject', 'traceparent', 'dataschema', 'datacontenttype'])(
    'the attribute %s is no object and no list',
    (name) => {
      for (const value of [{ a: 1 }, [], ['x']]) {
        expect(answer({ ...EVENT, [name]: value })).toBe(
          `invalid_envelope: ${name}: ${JSON.stringify(value)}, expected a text, a number or a boolean`,
        );
      }
    },
  );

  test.each(['sequence', 'recordedtime', 'subject', 'partitionkey', 'datacontenttype', 'dataschema'])(
    'null is the same as unset: %s',
    (name) => {
      expect(answer({ ...EVENT, [name]: null })).toBe('taken');
    },
  );

  test.each(['specversion', 'id', 'source', 'type', 'time'])('what is required is not unset: %s', (name) => {
    expect(answer({ ...EVENT, [name]: null })).toMatch(`invalid_envelope: ${name}: null, expected `);
    expect(answer({ ...EVENT, [name]: undefined })).toMatch(`invalid_envelope: ${name}: absent, expected `);
  });
});

describe('characters (type String)', () => {
  test.each(['\u0000', '\u0001', '\t', '\n', '\r', '\u001b', '\u001f', '\u007f', '\u0080', '\u009f'])(
    'no control character %j in id and source',
    (control) => {
      for (const name of ['id', 'source']) {
        const refusal = answer({ ...EVENT, [name]: `a${control}b` });
        expect(refusal).toMatch(
          new RegExp(`^invalid_envelope: ${name}: ".*", expected no control characters in it$`),
        );
        expect(refusal).not.toMatch(/\p{Cc}/u);
      }
    },
  );

  test.each([' ', '~', '\u00a0', '€', '😀', '\u2028'])('%j is none', (character) => {
    expect(answer({ ...EVENT, id: `a${character}b`, source: `/${character}` })).toBe('taken');
  });
});

describe('data (3.1)', () => {
  test('in base64 it is what it would be as JSON', () => {
    const plain = decode(EVENT);
    expect(plain.ok).toBe(true);
    for (const json of [JSON.stringify(DATA), `\ufeff${JSON.stringify(DATA, null, 2)}\r\n`])
      expect(decode({ ...ATTRIBUTES, data_base64: base64Of(json) })).toEqual(plain);
    for (const datacontenttype of ['application/json', 'application/vnd.ours+json; charset=utf-8', null])
      expect(decode({ ...ATTRIBUTES, datacontenttype, data_base64: base64Of(JSON.stringify(DATA)) })).toEqual(
        plain,
      );
  });

  test('null in either place is none there', () => {
    expect(answer({ ...EVENT, data_base64: null })).toBe('taken');
    expect(answer({ ...EVENT, data: null, data_base64: base64Of(JSON.stringify(DATA)) })).toBe('taken');
    expect(answer({ ...EVENT, data: null })).toMatch(/^invalid_data: data: null, expected/);
  });

  test.each<[string, object, RegExp]>([
    [
      'in both places',
      { data: DATA, data_base64: base64Of('{}') },
      /^invalid_envelope: data_base64: "e30=", expected it or data, not both$/,
    ],
    ['no text', { data_base64: 17 }, /^invalid_envelope: data_base64: 17, expected a text$/],
    [
      'an object',
      { data_base64: {} },
      /^invalid_envelope: data_base64: \{\}, expected a text, a number or a boolean$/,
    ],
    [
      'no base64',
      { data_base64: 'e30' },
      /^invalid_data: data_base64: "e30", expected JSON in base64 \(RFC 4648\)$/,
    ],
    ['base64url', { data_base64: 'ey-_' }, /^invalid_data: data_base64: "ey-_", expected JSON in base64/],
    ['blanks in it', { data_base64: 'e30=\n' }, /^invalid_data: data_base64: /],
    [
      'no JSON',
      { data_base64: base64Of('<xml/>') },
      /^invalid_data: data_base64: ".*", expected JSON in base64 \(SyntaxError/,
    ],
    ['nothing', { data_base64: '' }, /^invalid_data: data_base64: "", expected JSON/],
    ['UTF-16', { data_base64: base64Of(Buffer.from('{"run":1}', 'utf16le')) }, /^invalid_data: data_base64/],
    [
      'JSON nested too deep',
      { data_base64: base64Of('['.repeat(100_000)) },
      /^invalid_data: data_base64: .*at most 500 levels/,
    ],
    [
      'another shape',
      { data_base64: base64Of('{"run":{"id":17},"status":"running"}') },
      /^invalid_data: data\.run\.id: 17, expected/,
    ],
    ['a JSON document as a text', { data: JSON.stringify(DATA) }, /^invalid_data: data: ".*", expected/],
    [
      'XML',
      { datacontenttype: 'application/xml', data: '<much wow="xml"/>' },
      /^invalid_data: data: ".*", expected/,
    ],
    ['a number', { data: 1.5 }, /^invalid_data: data: 1.5, expected/],
  ])('%s', (_, members, refusal) => {
    expect(answer({ ...ATTRIBUTES, ...members })).toMatch(refusal);
  });

  test('the type is looked at before it', () => {
    expect(answer({ ...ATTRIBUTES, type: 'com.example.someevent', data_base64: 'x' })).toMatch(
      /^unknown_type/,
    );
  });
});
