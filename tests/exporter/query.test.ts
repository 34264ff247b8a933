/** What a scrape asks for: content negotiation with what real scrapers send, and the parameters. */
import { MAX_SHARDS, negotiate, readQuery } from '../../services/exporter/query';

describe('negotiate', () => {
  test.each([
    ['nothing', '', 'text'],
    ['curl', '*/*', 'text'],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
    [
      'Prometheus 2.0 to 2.4',
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3',
      'text',
    ],
    [
      'Prometheus 2.5 to 2.40',
      'application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'text',
    ],
    [
      'Prometheus 2.41 to 2.48',
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    [
      'Prometheus 2.49 and on',
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
    [
      'Prometheus 3',
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
    [
      'Prometheus 3 with native histograms',
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      'openmetrics',
    ],
    [
      'Prometheus with scrape_protocols: [PrometheusText0.0.4]',
      'text/plain;version=0.0.4;q=0.5,*/*;q=0.2',
      'text',
    ],
    ['VictoriaMetrics', 'text/plain;version=0.0.4;q=1,*/*;q=0.1', 'text'],
    ['text preferred', 'application/openmetrics-text;version=1.0.0;q=0.4,text/plain;q=0.5', 'text'],
    ['OpenMetrics alone', 'application/openmetrics-text', 'openmetrics'],
    ['as text is', 'text/plain,application/openmetrics-text', 'openmetrics'],
    [
      'in capitals, with blanks',
      'Application/OpenMetrics-Text ; Version=1.0.0 ; Q=0.9 , text/plain ; q=0.8',
      'openmetrics',
    ],
    ['OpenMetrics ruled out', 'application/openmetrics-text;version=1.0.0;q=0', 'text'],
    ['a weight that is none', 'application/openmetrics-text;q=much,text/plain', 'text'],
    ['a version that is not ours', 'application/openmetrics-text;version=2.0.0', 'text'],
  ])('%s', (_, accept, format) => {
    expect(negotiate(accept)).toBe(format);
  });
});

describe('readQuery', () => {
  const WHOLE = { format: 'text', atMs: null, selection: { project: null, scope: null, shard: null } };

  test.each([
    ['nothing', {}, WHOLE],
    ['a project', { project: 'a b' }, { ...WHOLE, selection: { project: 'a b', scope: null, shard: null } }],
    [
      'the last of several',
      { project: ['a', 'b'] },
      { ...WHOLE, selection: { project: 'b', scope: null, shard: null } },
    ],
    [
      'a shard',
      { shard: '2', shards: '3' },
      { ...WHOLE, selection: { project: null, scope: null, shard: { index: 2, count: 3 } } },
    ],
    [
      'a moment',
      { at: '2026-11-24T08:00:00.1234+01:00' },
      { ...WHOLE, atMs: Date.UTC(2026, 10, 24, 7, 0, 0, 123) },
    ],
  ])('%s', (_, given, request) => {
    expect(readQuery(given, '')).toEqual({ ok: true, request });
  });

  test.each([
    ['at', { at: '' }],
    ['at', { at: 'now' }],
    ['at', { at: '1764000000' }],
    ['at', { at: '2026-11-24' }],
    ['at', { at: '2026-13-24T08:00:00Z' }],
    ['shard', { shard: '0' }],
    ['shard', { shards: '2' }],
    ['shard', { shard: '2', shards: '2' }],
    ['shard', { shard: '-1', shards: '2' }],
    ['shard', { shard: '0.5', shards: '2' }],
    ['shard', { shard: '', shards: '2' }],
    ['shard', { shard: '0', shards: '0' }],
    ['shard', { shard: '0', shards: String(MAX_SHARDS + 1) }],
  ])('%s: %j is refused by name', (name, given) => {
    expect(readQuery(given, '')).toMatchObject({
      ok: false,
      detail: expect.stringMatching(new RegExp(`^${name}`)) as string,
    });
  });
});
