import { headings, readPage } from './pages';

/** Words that the contract, the code and the docs use in a sense of their own. */
const TERMS = [
  'Aggregator',
  'At-time page',
  'Blocks',
  'Bridge',
  'Dead letter',
  'Dedupe time',
  'Entity',
  'Epoch',
  'Event',
  'Exporter',
  'Fact',
  'Fold',
  'Gateway',
  'Generation',
  'Given up',
  'Hold',
  'Instance',
  'Job',
  'Lateness',
  'Ledger',
  'Lifecycle event',
  'Log',
  'Log time',
  'Misrouted record',
  'Page',
  'Page time',
  'Partition',
  'Partition key',
  'Passthrough',
  'Position',
  'Refused',
  'Replay',
  'Role',
  'Run',
  'Settle',
  'Snapshot',
  'Store',
  'Telemetry event',
  'Version',
];

test('the glossary has every term, in order', () => {
  const terms = headings(readPage('docs/glossary.md').text).slice(1);
  expect(TERMS.filter((term) => !terms.includes(term))).toEqual([]);
  expect(terms).toEqual([...terms].sort((a, b) => a.localeCompare(b, 'en')));
  expect(new Set(terms).size).toBe(terms.length);
});
