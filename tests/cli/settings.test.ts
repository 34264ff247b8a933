/** Settings from the environment: what is understood, and the one line that each mistake gets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, type Settings, type Use } from '../../services/cli/settings';
import { DEFAULT_GPU_FIELDS } from '../../services/exposition/dcgm-fields';
import { SETTINGS } from '../../services/cli/settings-list';

type Environment = Readonly<Record<string, string>>;

const KAFKA = { FLEETMETER_KAFKA_BROKERS: 'kafka:9092' };
const BOTH = { ...KAFKA, FLEETMETER_REDIS_URL: 'redis://redis' };

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-settings-'));
  writeFileSync(join(dir, 'empty'), ' \n');
  writeFileSync(join(dir, 'secret'), 'sesame\n');
});
afterAll(() => rmSync(dir, { recursive: true }));

function settingsOf(env: Environment): Settings {
  const read = readSettings(env, 'roles');
  if (!read.ok) throw new Error(read.mistakes.join('\n'));
  return read.settings;
}
function mistakesOf(env: Environment, use: Use = 'roles'): readonly string[] {
  const read = readSettings(env, use);
  return read.ok ? [] : read.mistakes;
}

test('nothing set: the embedded log and store, on loopback', () => {
  expect(settingsOf({})).toMatchObject({
    listen: { host: '127.0.0.1', port: 19464 },
    dataDir: './data',
    kafka: undefined,
    redisUrl: undefined,
    partitions: 8,
    roles: new Set(['gateway', 'aggregator', 'exporter']),
    latenessMs: 86_400_000,
    dedupeMs: 2_592_000_000,
    sampleTtlMs: 600_000,
    telemetryRetention: { ageMs: 10_800_000, bytes: 2_000_000_000 },
    logLevel: 'info',
  });
  expect(settingsOf({}).gpuFields).toHaveProperty('size', 49);
});

test('set to nothing is not set; what is no setting of ours is left alone', () => {
  const empty = Object.fromEntries(SETTINGS.map(({ name }) => [name, ' ']));
  expect(settingsOf({ ...empty, PATH: '/bin', FLEET: 'x' })).toEqual(settingsOf({}));
});

test.each<[string, Environment, object]>([
  ['IPv6', { FLEETMETER_LISTEN: '[::1]:0' }, { listen: { host: '::1', port: 0 } }],
  [
    'roles, with blanks',
    { ...BOTH, FLEETMETER_ROLES: 'exporter, gateway' },
    { roles: new Set(['gateway', 'exporter']) },
  ],
  [
    'telemetry by age alone, in Kafka',
    { ...BOTH, FLEETMETER_TELEMETRY_RETENTION_SECONDS: '60' },
    { telemetryRetention: { ageMs: 60_000, bytes: undefined } },
  ],
  [
    'telemetry by bytes too, where they are set',
    { ...BOTH, FLEETMETER_TELEMETRY_RETENTION_BYTES: '1000' },
    { telemetryRetention: { ageMs: 10_800_000, bytes: 1000 } },
  ],
  ['a gateway needs no store', { ...KAFKA, FLEETMETER_ROLES: 'gateway' }, { redisUrl: undefined }],
  [
    'where it is reached',
    { FLEETMETER_PUBLIC_URL: 'https://a.example.org/fleet/' },
    { publicUrl: new URL('https://a.example.org/fleet/') },
  ],
  ['all fields', { FLEETMETER_GPU_FIELDS: 'all' }, { gpuFields: 'all' }],
  ['some fields', { FLEETMETER_GPU_FIELDS: 'DCGM_A, DCGM_B' }, { gpuFields: new Set(['DCGM_A', 'DCGM_B']) }],
  ['no lateness', { FLEETMETER_LATENESS_SECONDS: '0' }, { latenessMs: 0 }],
  ['a level in capitals', { FLEETMETER_LOG_LEVEL: 'WARN' }, { logLevel: 'warn' }],
  [
    'any host, with a token',
    { FLEETMETER_LISTEN: '0.0.0.0:80', FLEETMETER_INGEST_TOKEN: 't' },
    { ingestToken: 't' },
  ],
  [
    'any host, for anybody',
    { FLEETMETER_LISTEN: '[::]:80', FLEETMETER_ALLOW_ANONYMOUS_INGEST: 'true' },
    { ingestToken: undefined },
  ],
  [
    'any host, with no gateway',
    { ...BOTH, FLEETMETER_LISTEN: '0.0.0.0:80', FLEETMETER_ROLES: 'exporter' },
    { listen: { host: '0.0.0.0', port: 80 } },
  ],
  [
    'brokers, with SASL and TLS',
    {
      FLEETMETER_KAFKA_BROKERS: 'a:1, b:2',
      FLEETMETER_REDIS_URL: 'redis://r',
      FLEETMETER_KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      FLEETMETER_KAFKA_SASL_USERNAME: 'u',
      FLEETMETER_KAFKA_SASL_PASSWORD: 'p',
      FLEETMETER_KAFKA_TLS_ENABLED: 'true',
    },
    {
      kafka: {
        brokers: ['a:1', 'b:2'],
        sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
        tls: {},
      },
    },
  ],
])('%s', (_, env, expected) => {
  expect(settingsOf(env)).toMatchObject(expected);
});

test('a secret may be in a file', () => {
  const file = join(dir, 'secret');
  const env = { FLEETMETER_INGEST_TOKEN_FILE: file, FLEETMETER_SCRAPE_TOKEN_FILE: file };
  expect(settingsOf(env)).toMatchObject({ ingestToken: 'sesame', scrapeToken: 'sesame' });
});

test('fields that DCGM, or its exporter, may have are taken', () => {
  const names = [
    ...DEFAULT_GPU_FIELDS,
    'DCGM_FI_DEV_GPU_UUID',
    'DCGM_FI_DEV_NVLINK_BANDWIDTH_L99',
    'DCGM_EXP_XID_ERRORS_COUNT',
    'DCGM_FI_DEV_SOMETHING_THAT_IS_TO_COME',
  ];
  expect(settingsOf({ FLEETMETER_GPU_FIELDS: names.join() }).gpuFields).toEqual(new Set(names));
});

const OUTSIDE = '0.0.0.0:19464';

test.each<[Environment, RegExp]>([
  [{ FLEETMETER_LISTEN: '19464' }, /^FLEETMETER_LISTEN: 19464, expected HOST:PORT/],
  [{ FLEETMETER_LISTEN: '127.0.0.1:65536' }, /^FLEETMETER_LISTEN: 127.0.0.1:65536, expected HOST:PORT/],
  [{ FLEETMETER_LISTEN: '::1:80' }, /^FLEETMETER_LISTEN: ::1:80, expected HOST:PORT/],
  [{ FLEETMETER_LISTEN: OUTSIDE }, /^FLEETMETER_LISTEN: 0.0.0.0 can be reached.*FLEETMETER_INGEST_TOKEN/],
  [
    { FLEETMETER_LISTEN: OUTSIDE, FLEETMETER_SCRAPE_TOKEN: 't' },
    /^FLEETMETER_LISTEN: 0.0.0.0 can be reached/,
  ],
  [{ FLEETMETER_LISTEN: '127.example.org:80' }, /^FLEETMETER_LISTEN: 127.example.org can be reached/],
  [{ FLEETMETER_PARTITIONS: '0' }, /^FLEETMETER_PARTITIONS: 0, expected a whole number from 1 to/],
  [{ FLEETMETER_PARTITIONS: '8.5' }, /^FLEETMETER_PARTITIONS: 8.5, expected a whole number/],
  [{ FLEETMETER_PARTITIONS: '1e3' }, /^FLEETMETER_PARTITIONS: 1e3, expected a whole number/],
  [{ FLEETMETER_PARTITIONS: '2000' }, /^FLEETMETER_PARTITIONS: 2000, expected a whole number from 1 to 1024/],
  [{ FLEETMETER_LATENESS_SECONDS: '-1' }, /^FLEETMETER_LATENESS_SECONDS: -1, expected a whole number from 0/],
  [{ FLEETMETER_DEDUPE_SECONDS: '30d' }, /^FLEETMETER_DEDUPE_SECONDS: 30d, expected a whole number/],
  [
    { FLEETMETER_SAMPLE_TTL_SECONDS: '0' },
    /^FLEETMETER_SAMPLE_TTL_SECONDS: 0, expected a whole number from 1/,
  ],
  [{ FLEETMETER_LOG_LEVEL: 'loud' }, /^FLEETMETER_LOG_LEVEL: loud, expected one of fatal, error, warn/],
  [
    { FLEETMETER_ALLOW_ANONYMOUS_INGEST: 'yes' },
    /^FLEETMETER_ALLOW_ANONYMOUS_INGEST: yes, expected one of true, false/,
  ],
  [{ FLEETMETER_PUBLIC_URL: 'a.example.org' }, /^FLEETMETER_PUBLIC_URL: a.example.org, expected a URL/],
  [{ FLEETMETER_PUBLIC_URL: 'ftp://a' }, /^FLEETMETER_PUBLIC_URL: ftp:/],
  [{ FLEETMETER_PUBLIC_URL: 'https://a/?b=c' }, /^FLEETMETER_PUBLIC_URL: .* without a query/],
  [{ FLEETMETER_GPU_FIELDS: 'DCGM_A,B C' }, /^FLEETMETER_GPU_FIELDS: B C, expected names of fields/],
  [
    { FLEETMETER_GPU_FIELDS: 'DCGM_FI_DEV_FB_USED,DCGM_FI_DEV_GPU_UTILL' },
    /^FLEETMETER_GPU_FIELDS: DCGM_FI_DEV_GPU_UTILL: DCGM has no such field, did you mean DCGM_FI_DEV_GPU_UTIL\?$/,
  ],
  [
    { FLEETMETER_GPU_FIELDS: 'dcgm_fi_dev_gpu_temp' },
    /^FLEETMETER_GPU_FIELDS: dcgm_fi_dev_gpu_temp: .* did you mean DCGM_FI_DEV_GPU_TEMP\?$/,
  ],
  [
    { ...BOTH, FLEETMETER_ROLES: 'gateway,reader' },
    /^FLEETMETER_ROLES: gateway,reader, expected some of gateway,aggregator,exporter/,
  ],
  [
    { FLEETMETER_ROLES: 'exporter' },
    /^FLEETMETER_ROLES: with the embedded log expected all roles in one process/,
  ],
  [{ FLEETMETER_REDIS_URL: 'redis://r' }, /^FLEETMETER_REDIS_URL: goes with FLEETMETER_KAFKA_BROKERS only/],
  [KAFKA, /^FLEETMETER_REDIS_URL: is needed with FLEETMETER_KAFKA_BROKERS/],
  [{ ...KAFKA, FLEETMETER_REDIS_URL: 'http://r' }, /^FLEETMETER_REDIS_URL: expected redis:\/\//],
  [{ ...BOTH, FLEETMETER_KAFKA_BROKERS: 'kafka' }, /^FLEETMETER_KAFKA_BROKERS: kafka, expected HOST:PORT/],
  [{ ...BOTH, FLEETMETER_KAFKA_BROKERS: 'a:1,b' }, /^FLEETMETER_KAFKA_BROKERS: b, expected HOST:PORT/],
  [
    { ...BOTH, FLEETMETER_KAFKA_SASL_MECHANISM: 'gssapi' },
    /^FLEETMETER_KAFKA_SASL_MECHANISM: gssapi, expected one of plain/,
  ],
  [
    { ...BOTH, FLEETMETER_KAFKA_SASL_MECHANISM: 'plain' },
    /^FLEETMETER_KAFKA_SASL_MECHANISM: needs FLEETMETER_KAFKA_SASL_USERNAME/,
  ],
  [
    { ...BOTH, FLEETMETER_KAFKA_TLS_ENABLED: 'on' },
    /^FLEETMETER_KAFKA_TLS_ENABLED: on, expected one of true, false/,
  ],
  [
    { ...BOTH, FLEETMETER_KAFKA_TLS_CA_FILE: '/no/ca' },
    /^FLEETMETER_KAFKA_TLS_CA_FILE: \/no\/ca, expected a file that can be read/,
  ],
  [
    { ...BOTH, FLEETMETER_KAFKA_TLS_KEY_FILE: __filename },
    /^FLEETMETER_KAFKA_TLS_KEY_FILE: needs FLEETMETER_KAFKA_TLS_CERT_FILE$/,
  ],
  [
    { ...BOTH, FLEETMETER_KAFKA_TLS_CERT_FILE: __filename },
    /^FLEETMETER_KAFKA_TLS_CERT_FILE: needs FLEETMETER_KAFKA_TLS_KEY_FILE$/,
  ],
  [
    { ...BOTH, FLEETMETER_KAFKA_SASL_USERNAME: 'u' },
    /^FLEETMETER_KAFKA_SASL_USERNAME: needs FLEETMETER_KAFKA_SASL_MECHANISM$/,
  ],
  [
    { FLEETMETER_INGEST_TOKEN_FILE: '/no/token' },
    /^FLEETMETER_INGEST_TOKEN_FILE: \/no\/token, expected a file that can be read/,
  ],
  [
    { FLEETMETER_LATENES_SECONDS: '1' },
    /^FLEETMETER_LATENES_SECONDS: there is no such setting, did you mean FLEETMETER_LATENESS_SECONDS\?$/,
  ],
  [
    { FLEETMETER_SOMETHING_ELSE_ALTOGETHER: '1' },
    /^FLEETMETER_SOMETHING_ELSE_ALTOGETHER: there is no such setting$/,
  ],
])('%j is one line', (env, line) => {
  const mistakes = mistakesOf(env);
  expect(mistakes).toEqual([expect.stringMatching(line)]);
  expect(mistakes.join('')).not.toContain('\n');
});

test.each(['FLEETMETER_INGEST_TOKEN', 'FLEETMETER_SCRAPE_TOKEN', 'FLEETMETER_KAFKA_SASL_PASSWORD'])(
  '%s and a file of it, or a file with nothing in it, is one line, which does not tell the secret',
  (name) => {
    const both = mistakesOf({ [name]: 'hush', [`${name}_FILE`]: join(dir, 'secret') });
    expect(both).toEqual([`${name}_FILE: expected it or ${name}, not both`]);
    expect(mistakesOf({ [`${name}_FILE`]: join(dir, 'empty') })).toEqual([
      `${name}_FILE: the file is empty, expected a secret in it`,
    ]);
  },
);

test('each mistake has its own line, and no password is told', () => {
  const env = {
    FLEETMETER_PARTITIONS: 'many',
    FLEETMETER_LOG_LEVEL: 'loud',
    FLEETMETER_REDIS_URL: 'redis://user:hush@redis/x',
    FLEETMETER_KAFKA_BROKERS: 'kafka:9092',
    FLEETMETER_PORT: '1',
  };
  const mistakes = mistakesOf(env);
  expect(mistakes.map((line) => line.slice(0, line.indexOf(':'))).sort()).toEqual([
    'FLEETMETER_LOG_LEVEL',
    'FLEETMETER_PARTITIONS',
    'FLEETMETER_PORT',
    'FLEETMETER_REDIS_URL',
  ]);
  expect(mistakes.join('\n')).not.toContain('hush');
});

test('a command is asked for what it uses, and not for what the roles need', () => {
  const forRoles = { FLEETMETER_LISTEN: OUTSIDE, FLEETMETER_ROLES: 'exporter' };
  expect(mistakesOf({ ...KAFKA, ...forRoles }, 'log')).toEqual([]);
  expect(mistakesOf(forRoles, 'store')).toEqual([]);
  expect(mistakesOf({ ...KAFKA, FLEETMETER_ROLES: 'gateway' }, 'store')).toEqual([
    'FLEETMETER_REDIS_URL: is needed with FLEETMETER_KAFKA_BROKERS',
  ]);
  expect(mistakesOf({ FLEETMETER_REDIS_URL: 'redis://r' }, 'log')).toHaveLength(1);
});

test('a long value is cut', () => {
  expect(mistakesOf({ FLEETMETER_PARTITIONS: 'x'.repeat(5000) }).join('').length).toBeLessThan(200);
});
