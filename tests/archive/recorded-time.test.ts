import { oneLine, withRecordedTime } from '../../services/archive/recorded-time';

const AT = Date.UTC(2026, 10, 24, 8);
const MEMBER = '"recordedtime":"2026-11-24T08:00:00.000Z"';

test.each([
  [
    'the rest as it is written',
    '{"id":"a", "x": 12345678901234567890.10e2}',
    `{"id":"a", "x": 12345678901234567890.10e2,${MEMBER}}`,
  ],
  ['in place of an earlier one', '{"recordedtime":"2020-01-01T00:00:00Z","id":"a"}', `{"id":"a",${MEMBER}}`],
  ['of several', '{"recordedtime":1,"id":"a","recordedtime":null}', `{"id":"a",${MEMBER}}`],
  [
    'written with escapes',
    '{"\\u0072ecordedtime":"2020-01-01T00:00:00Z","id":"\\u0041"}',
    `{"id":"\\u0041",${MEMBER}}`,
  ],
  [
    'not of a member within, or of a text',
    '{"data":{"recordedtime":[1,{"a":"},"}]},"id":"\\"recordedtime\\":1,"}',
    `{"data":{"recordedtime":[1,{"a":"},"}]},"id":"\\"recordedtime\\":1,",${MEMBER}}`,
  ],
  ['on one line', '{\r\n  "id": "a"\n}\n', `{   "id": "a" ,${MEMBER}}`],
])('the log time is added, %s', (_, json, expected) => {
  const text = withRecordedTime(json, AT);
  expect(text).toBe(expected);
  expect(JSON.parse(text)).toMatchObject({ recordedtime: '2026-11-24T08:00:00.000Z' });
});

test('members that are there twice stay twice: readers take the last', () => {
  const text = withRecordedTime('{"id":"a","id":"b","recordedtime":null}', AT);
  expect(text).toBe(`{"id":"a","id":"b",${MEMBER}}`);
  expect(oneLine('{"a":\n1}')).toBe('{"a": 1}');
});
