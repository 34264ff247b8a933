/**
 * What the outside may rely on must be in the reference: settings, commands, endpoints, event types, reasons.
 */
import { SETTINGS as SETTINGS_OF_CODE } from '../../services/cli/settings-list';
import { headings, readPage } from './pages';

const SETTINGS = [
  'FLEETMETER_LISTEN',
  'FLEETMETER_ALLOW_ANONYMOUS_INGEST',
  'FLEETMETER_DATA_DIR',
  'FLEETMETER_KAFKA_BROKERS',
  'FLEETMETER_REDIS_URL',
  'FLEETMETER_SCRAPE_TOKEN',
  'FLEETMETER_INGEST_TOKEN',
  'FLEETMETER_INGEST_TOKEN_FILE',
  'FLEETMETER_PARTITIONS',
  'FLEETMETER_TOKENS_FILE',
  'FLEETMETER_PUBLIC_URL',
  'FLEETMETER_ROLES',
  'FLEETMETER_LATENESS_SECONDS',
  'FLEETMETER_DEDUPE_SECONDS',
  'FLEETMETER_SAMPLE_TTL_SECONDS',
  'FLEETMETER_GPU_FIELDS',
  'FLEETMETER_LOG_LEVEL',
];
const COMMANDS = [
  'serve',
  'render',
  'publish',
  'events export',
  'events import',
  'replay',
  'verify',
  'backfill',
  'explain',
  'cost',
  'budgets',
  'completion',
  'dead-letters',
  'topics',
  'bridge',
  'collect',
  'demo',
];
const ENDPOINTS = [
  'GET /metrics',
  'GET /metrics/process',
  'POST /v1/events',
  'POST /v1/telemetry/dcgm',
  'GET /v1/sd',
  'GET /-/healthy',
  'GET /-/ready',
  'GET /',
];
const EVENTS = [
  'fleetmeter.instance.started.v1',
  'fleetmeter.instance.status_changed.v1',
  'fleetmeter.instance.price_changed.v1',
  'fleetmeter.instance.terminated.v1',
  'fleetmeter.run.submitted.v1',
  'fleetmeter.run.status_changed.v1',
  'fleetmeter.run.finished.v1',
  'fleetmeter.job.submitted.v1',
  'fleetmeter.job.provisioned.v1',
  'fleetmeter.job.status_changed.v1',
  'fleetmeter.job.price_changed.v1',
  'fleetmeter.job.finished.v1',
  'fleetmeter.volume.created.v1',
  'fleetmeter.volume.price_changed.v1',
  'fleetmeter.volume.deleted.v1',
  'fleetmeter.job.sampled.v1',
  'fleetmeter.gpu.sampled.v1',
];
const REASONS = [
  'invalid_json',
  'invalid_envelope',
  'unknown_type',
  'invalid_data',
  'too_large',
  'too_late',
  'from_the_future',
];

/** Which of the names the page does not write as code. */
function missing(page: string, names: readonly string[]): string[] {
  const { text } = readPage(`docs/reference/${page}.md`);
  return names.filter((name) => !text.includes(`\`${name}\``));
}

test('settings', () => {
  expect(missing('settings', SETTINGS)).toEqual([]);
});

test('the settings that the code knows, with their defaults, and no other', () => {
  const { text } = readPage('docs/reference/settings.md');
  const rows = [...text.matchAll(/^\| `(FLEETMETER_\w+)` \| (.+?) \|/gm)].map(
    (match) => `${match[1] ?? ''} ${(match[2] ?? '').replaceAll('`', '')}`,
  );
  expect(rows.sort()).toEqual(SETTINGS_OF_CODE.map(({ name, byDefault }) => `${name} ${byDefault}`).sort());
});

test('commands, each under a heading of its own', () => {
  const titles = headings(readPage('docs/reference/commands.md').text).map((title) =>
    title.replaceAll('`', ''),
  );
  expect(COMMANDS.filter((command) => !titles.includes(command))).toEqual([]);
});

test('endpoints, each under a heading of its own', () => {
  const titles = headings(readPage('docs/reference/endpoints.md').text).map((title) =>
    title.replaceAll('`', ''),
  );
  expect(ENDPOINTS.filter((endpoint) => !titles.includes(endpoint))).toEqual([]);
});

test('event types and the reasons for refusing one', () => {
  expect(missing('events', [...EVENTS, ...REASONS])).toEqual([]);
});
