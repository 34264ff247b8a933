import {
  agoText,
  dollarsText,
  nanoDollarsText,
  shareText,
  spanText,
  timeText,
} from '../../services/exporter/status/text';

test.each([
  [0, '0.0 s'],
  [640, '0.6 s'],
  [9_900, '9.9 s'],
  [10_000, '10 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [200_000, '3 min 20 s'],
  [3_600_000, '1 h'],
  [3_605_000, '1 h'],
  [7_500_000, '2 h 5 min'],
  [3 * 86_400_000 + 4 * 3_600_000 + 60_000, '3 d 4 h'],
  [400 * 86_400_000, '400 d'],
])('a span of %d ms is %s', (spanMs, text) => {
  expect(spanText(spanMs)).toBe(text);
});

test('a moment is ago, or ahead', () => {
  expect(agoText(1000, 13_000)).toBe('12 s ago');
  expect(agoText(13_000, 1000)).toBe('12 s ahead');
});

test.each([
  [0, '$0.00'],
  [0.01, '$0.01'],
  [0.0023456, '$0.0023'],
  [0.000000001, '$0.000000001'],
  [1234567.891, '$1,234,567.89'],
])('%d dollars are %s', (dollars, text) => {
  expect(dollarsText(dollars)).toBe(text);
});

test('nano-dollars above what doubles hold exactly', () => {
  expect(nanoDollarsText(123_456_789_012_345_678_901n)).toBe('$123,456,789,012.35');
});

test('a share of nothing is none', () => {
  expect(shareText(1n, 8n)).toBe('12.5 %');
  expect(shareText(0n, 0n)).toBe('–');
});

test('times are in UTC', () => {
  expect(timeText(Date.parse('2026-11-24T09:00:12.345+01:00'))).toBe('2026-11-24 08:00:12 UTC');
});
