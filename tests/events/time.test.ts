import fc from 'fast-check';
import { formatTime, parseTime } from '../../events/time';

const FIRST = '0001-01-01T00:00:00.000Z';
const LAST = '9999-12-31T23:59:59.999Z';

test.each([
  ['1970-01-01T00:00:00Z', 0],
  ['2026-11-24T08:00:12.345Z', Date.UTC(2026, 10, 24, 8, 0, 12, 345)],
  ['2026-11-24t08:00:12.345z', Date.UTC(2026, 10, 24, 8, 0, 12, 345)],
  ['2026-11-24T08:00:12Z', Date.UTC(2026, 10, 24, 8, 0, 12)],
  ['2026-11-24T08:00:12.3Z', Date.UTC(2026, 10, 24, 8, 0, 12, 300)],
  ['2026-11-24T08:00:12.345999999Z', Date.UTC(2026, 10, 24, 8, 0, 12, 345)],
  ['1969-12-31T23:59:59.9999Z', -1],
  ['2026-11-24T08:00:12+01:30', Date.UTC(2026, 10, 24, 6, 30, 12)],
  ['2026-11-24T08:00:12.25-23:59', Date.UTC(2026, 10, 25, 7, 59, 12, 250)],
  ['2026-11-24T08:00:12-00:00', Date.UTC(2026, 10, 24, 8, 0, 12)],
  ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
  ['2026-11-24T08:00:60.500Z', Date.UTC(2026, 10, 24, 8, 1, 0, 500)],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ['2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29)],
  [FIRST, Date.parse(FIRST)],
  [LAST, Date.parse(LAST)],
  ['0001-01-01T00:00:00+23:59', Date.parse(FIRST) - (23 * 60 + 59) * 60_000],
])('%s is read', (text, expected) => {
  expect(parseTime(text)).toBe(expected);
});

test.each([
  '',
  'yesterday',
  '2026-11-24',
  '2026-11-24T08:00Z',
  '2026-11-24T08:00:12',
  '2026-11-24 08:00:12Z',
  '2026-11-24T08:00:12.Z',
  '2026-11-24T08:00:12,345Z',
  '2026-11-24T08:00:12.1234567890Z',
  '2026-11-24T08:00:12+0100',
  '2026-11-24T08:00:12+01',
  '2026-11-24T08:00:12+24:00',
  '2026-11-24T08:00:12+01:60',
  '2026-11-24T08:00:12Z\n',
  ' 2026-11-24T08:00:12Z',
  '2026-11-24T24:00:00Z',
  '2026-11-24T23:60:00Z',
  '2026-11-24T23:00:61Z',
  '2026-00-24T08:00:12Z',
  '2026-13-24T08:00:12Z',
  '2026-11-00T08:00:12Z',
  '2026-11-31T08:00:12Z',
  '2026-02-29T08:00:12Z',
  '1900-02-29T08:00:12Z',
  '0000-01-01T00:00:00Z',
  '+02026-11-24T08:00:12Z',
  '10000-01-01T00:00:00Z',
  '2026-11-24T08:00:1٢Z',
  '2026-11-24T08:00:1:Z',
  '2026-11-24T08:00:1/Z',
  '2026-1x-24T08:00:12Z',
  '20x6-11-24T08:00:12Z',
  '2026-11-24T08:00:12.3x5Z',
  '2026-11-24T08:00:12.34xZ',
  '2026-11-24T08:00:12X345Z',
])('%j is no time', (text) => {
  expect(parseTime(text)).toBeNull();
});

test('a time is read as the calendar has it, in every form', () => {
  const valid = fc.date({ min: new Date(FIRST), max: new Date(LAST), noInvalidDate: true });
  fc.assert(
    fc.property(valid, (date) => {
      const text = date.toISOString();
      expect(parseTime(text)).toBe(date.getTime());
      expect(parseTime(text.replace('Z', '+00:00'))).toBe(date.getTime());
      expect(parseTime(text.replace('Z', '999z'))).toBe(date.getTime());
    }),
  );
});

test('what is read is written so that it is read the same', () => {
  const pad = (value: number, digits: number) => String(value).padStart(digits, '0');
  const parts = fc.record({
    year: fc.oneof(fc.constantFrom(1, 9999), fc.integer({ min: 1, max: 9999 })),
    month: fc.constantFrom(1, 2, 12),
    day: fc.constantFrom(1, 28, 31),
    hour: fc.constantFrom(0, 23),
    minute: fc.constantFrom(0, 59),
    second: fc.constantFrom(0, 59, 60),
    ms: fc.constantFrom(0, 999),
    offset: fc.constantFrom('Z', '+00:01', '-00:01', '+23:59', '-23:59'),
  });
  fc.assert(
    fc.property(parts, ({ year, month, day, hour, minute, second, ms, offset }) => {
      const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
      const timeMs = parseTime(
        `${date}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}.${pad(ms, 3)}${offset}`,
      );
      fc.pre(timeMs !== null);
      expect(parseTime(formatTime(timeMs))).toBe(timeMs);
    }),
    { numRuns: 500 },
  );
});

test('the last second that an offset can reach is written and read', () => {
  const timeMs = parseTime('9999-12-31T23:59:60.999-23:59');
  expect(timeMs).toBe(Date.parse(LAST) + 1000 + (23 * 60 + 59) * 60_000);
  expect(formatTime(timeMs!)).toBe('9999-12-31T23:59:60.999-23:59');
});

test('times are written in UTC with milliseconds', () => {
  expect(formatTime(Date.UTC(2026, 10, 24, 8, 0, 12))).toBe('2026-11-24T08:00:12.000Z');
});
