/**
 * The reader and Python's `prometheus_client`: on valid pages equal, value for value; invalid ones refused by
 * both. The long form is `npm run bench -- reader`.
 *
 * Not compared, since Python's parsers see it otherwise than Prometheus, whom the reader follows: labels
 * without a comma between them and exemplars outside of counters and histograms (refused there); a comma
 * before the first label, more after the timestamp, timestamps that are no whole milliseconds, blanks around
 * OpenMetrics' labels, a carriage return at the end of a line (taken there); numbers above a double (infinite
 * there); what OpenMetrics rules about families as wholes, such as a counter's `_total`.
 */
import { comparePages } from './differential';

test('2,000 pages', () => {
  const { valid, invalid, differences } = comparePages(1, 2000);
  expect(differences.slice(0, 5)).toEqual([]);
  expect(valid).toBeGreaterThan(900);
  expect(invalid).toBeGreaterThan(900);
}, 60_000);
