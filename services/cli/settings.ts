import { parseRedisUrl } from '../store/redis/address';
import { LOG_LEVELS } from '../process/logger';
import type { LogLevel } from '../process/logger';
import { DCGM_FIELD_NAMES } from '../exposition/dcgm-names';
import { DEFAULT_GPU_FIELDS } from '../exposition/dcgm-fields';
import type { GpuFields } from '../exposition/gpu-fields';
import type { TelemetryRetention } from '../log/retention';
import type { LedgerSettings } from '../fold/ledger';
import { nearest } from './nearest';
import {
  file,
  flag,
  itemsOf,
  list,
  mistake,
  needs,
  oneOf,
  secret,
  text,
  textOrDefault,
  whole,
} from './setting';
import type { Environment, Reading } from './setting';
import { SETTINGS } from './settings-list';
import type { SettingName } from './settings-list';
import { authoritiesMistake, tlsMistake } from './tls';
import type { ClientTlsFiles, TlsFiles } from './tls';
import { readTokensFile } from './tokens';

/** The environment's settings, checked. */
export interface Settings {
  readonly listen: { readonly host: string; readonly port: number };
  /** Where others reach it, including any proxy in front; undefined: at the address they used. */
  readonly publicUrl: URL | undefined;
  /** Undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /** How commands talk to a server with TLS; undefined: as `tls` says, or not at all. */
  readonly clientTls: ClientTlsFiles | undefined;
  readonly dataDir: string;
  /** Undefined: the embedded log. */
  readonly kafka: KafkaSettings | undefined;
  /** Undefined: the embedded store. */
  readonly redisUrl: string | undefined;
  readonly scrapeToken: string | undefined;
  readonly ingestToken: string | undefined;
  /** A file with more tokens, which is read again when it changes. */
  readonly tokensFile: string | undefined;
  readonly partitions: number;
  readonly roles: ReadonlySet<Role>;
  readonly latenessMs: number;
  readonly dedupeMs: number;
  readonly sampleTtlMs: number;
  readonly telemetryRetention: TelemetryRetention;
  readonly gpuFields: GpuFields;
  readonly logLevel: LogLevel;
}

export type Role = 'gateway' | 'aggregator' | 'exporter';
const ROLES: readonly Role[] = ['gateway', 'aggregator', 'exporter'];

export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string };
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/**
 * Settings, or a line for each mistake: it names the setting, its value (but no secret), and what was
 * expected.
 */
export type ReadSettings =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly mistakes: readonly string[] };

/** What they are for: running roles, a command on the store (and the log), or one that needs no store. */
export type Use = 'roles' | 'store' | 'log';

export function readSettings(env: Environment, use: Use): ReadSettings {
  const mistakes = unknownSettings(env);
  const reading: Reading = { env, mistakes };
  const settings: Settings = {
    listen: readListen(reading),
    publicUrl: readPublicUrl(reading),
    tls: readTls(reading),
    clientTls: readClientTls(reading),
    dataDir: textOrDefault(reading, 'FLEETMETER_DATA_DIR'),
    kafka: readKafka(reading),
    redisUrl: readRedisUrl(reading),
    scrapeToken: secret(reading, 'FLEETMETER_SCRAPE_TOKEN', 'FLEETMETER_SCRAPE_TOKEN_FILE'),
    ingestToken: secret(reading, 'FLEETMETER_INGEST_TOKEN', 'FLEETMETER_INGEST_TOKEN_FILE'),
    tokensFile: readTokens(reading),
    partitions: whole(reading, 'FLEETMETER_PARTITIONS', 1, 1024),
    roles: readRoles(reading),
    latenessMs: whole(reading, 'FLEETMETER_LATENESS_SECONDS', 0, MAX_SECONDS) * 1000,
    dedupeMs: whole(reading, 'FLEETMETER_DEDUPE_SECONDS', 0, MAX_SECONDS) * 1000,
    sampleTtlMs: whole(reading, 'FLEETMETER_SAMPLE_TTL_SECONDS', 1, MAX_SECONDS) * 1000,
    telemetryRetention: readTelemetryRetention(reading),
    gpuFields: readGpuFields(reading),
    logLevel: oneOf(reading, 'FLEETMETER_LOG_LEVEL', LOG_LEVELS),
  };
  const allowsAnonymous = flag(reading, 'FLEETMETER_ALLOW_ANONYMOUS_INGEST');
  mistakes.push(...misfits(settings, use));
  if (use === 'roles') mistakes.push(...roleMisfits(settings, allowsAnonymous));
  return mistakes.length === 0 ? { ok: true, settings } : { ok: false, mistakes };
}

/** The settings that the fold needs. */
export function ledgerSettings({ latenessMs, dedupeMs, sampleTtlMs }: Settings): LedgerSettings {
  return { latenessMs, dedupeMs, sampleTtlMs, asOfMs: null };
}

const MAX_BYTES = 1e15 - 1;
const MAX_SECONDS = 10 * 365 * 86_400;

/** More edits than this make a different word, not a typo. */
const MOST_EDITS = 6;

function unknownSettings(env: Environment): string[] {
  const known = new Set<string>(SETTINGS.map(({ name }) => name));
  return Object.keys(env)
    .filter((name) => name.startsWith('FLEETMETER_') && !known.has(name))
    .sort()
    .map((name) => {
      const meant = nearest(name, known, MOST_EDITS);
      return `${name}: there is no such setting${meant === undefined ? '' : `, did you mean ${meant}?`}`;
    });
}

/** Settings that are each right but don't go together. */
function misfits({ kafka, redisUrl, roles }: Settings, use: Use): string[] {
  if (kafka === undefined && redisUrl !== undefined) {
    return [
      'FLEETMETER_REDIS_URL: goes with FLEETMETER_KAFKA_BROKERS only; without it log and store are embedded',
    ];
  }
  if (kafka === undefined || redisUrl !== undefined) return [];
  if (use === 'store') return ['FLEETMETER_REDIS_URL: is needed with FLEETMETER_KAFKA_BROKERS'];
  if (use === 'log' || !(roles.has('aggregator') || roles.has('exporter'))) return [];
  return [
    'FLEETMETER_REDIS_URL: is needed with FLEETMETER_KAFKA_BROKERS, for the roles aggregator and exporter',
  ];
}

function roleMisfits(settings: Settings, allowsAnonymous: boolean): string[] {
  const { kafka, roles, listen, ingestToken, tokensFile } = settings;
  const isGuarded = ingestToken !== undefined || tokensFile !== undefined;
  const found: string[] = [];
  if (kafka === undefined && roles.size < ROLES.length) {
    found.push(
      'FLEETMETER_ROLES: with the embedded log expected all roles in one process; set FLEETMETER_KAFKA_BROKERS to split them',
    );
  }
  if (roles.has('gateway') && !isLoopback(listen.host) && !isGuarded && !allowsAnonymous) {
    found.push(
      `FLEETMETER_LISTEN: ${listen.host} can be reached from elsewhere; set FLEETMETER_INGEST_TOKEN or FLEETMETER_TOKENS_FILE, or FLEETMETER_ALLOW_ANONYMOUS_INGEST=true`,
    );
  }
  return found;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export function parseAddress(text: string): Settings['listen'] | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return match === null || port > 65_535 ? null : { host: match[1] ?? match[2] ?? '', port };
}

/**
 * DCGM gets new fields: a name that is not close to any known one is accepted, and so is a field of another
 * link or slot.
 */
const MOST_EDITS_OF_FIELD = 4;

function misspeltField(name: string): string | undefined {
  if (DCGM_FIELD_NAMES.has(name)) return undefined;
  const meant = nearest(name.toUpperCase(), DCGM_FIELD_NAMES, MOST_EDITS_OF_FIELD);
  const withoutNumbers = (text: string | undefined): string | undefined => text?.replaceAll(/\d+/g, '0');
  return withoutNumbers(meant) === withoutNumbers(name) ? undefined : meant;
}

function readListen(reading: Reading): Settings['listen'] {
  const value = textOrDefault(reading, 'FLEETMETER_LISTEN');
  const address = parseAddress(value);
  if (address !== null) return address;
  mistake(reading, 'FLEETMETER_LISTEN', value, 'HOST:PORT, such as 127.0.0.1:19464 or [::]:19464');
  return { host: 'localhost', port: 0 };
}

function readTls(reading: Reading): TlsFiles | undefined {
  const clientCaFile = text(reading, 'FLEETMETER_TLS_CLIENT_CA_FILE');
  const files = readCertificate(reading, 'FLEETMETER_TLS_CERT_FILE', 'FLEETMETER_TLS_KEY_FILE', clientCaFile);
  needs(reading, 'FLEETMETER_TLS_CLIENT_CA_FILE', 'FLEETMETER_TLS_CERT_FILE');
  return files;
}

function readClientTls(reading: Reading): ClientTlsFiles | undefined {
  const caFile = text(reading, 'FLEETMETER_TLS_CA_FILE');
  const wrong = caFile === undefined ? undefined : authoritiesMistake(caFile);
  if (caFile !== undefined && wrong !== undefined)
    mistake(reading, 'FLEETMETER_TLS_CA_FILE', caFile, `certificates, PEM (${wrong})`);
  const own = readCertificate(reading, 'FLEETMETER_TLS_CLIENT_CERT_FILE', 'FLEETMETER_TLS_CLIENT_KEY_FILE');
  return caFile === undefined && own === undefined ? undefined : { caFile, own };
}

/** A certificate and its key, which go together. */
function readCertificate(
  reading: Reading,
  cert: SettingName,
  key: SettingName,
  clientCaFile?: string,
): TlsFiles | undefined {
  const [certFile, keyFile] = [text(reading, cert), text(reading, key)];
  needs(reading, cert, key);
  needs(reading, key, cert);
  if (certFile === undefined || keyFile === undefined) return undefined;
  const files = { certFile, keyFile, clientCaFile };
  const wrong = tlsMistake(files);
  if (wrong !== undefined) mistake(reading, cert, certFile, `a certificate with its key, PEM (${wrong})`);
  return files;
}

function readTokens(reading: Reading): string | undefined {
  const path = text(reading, 'FLEETMETER_TOKENS_FILE');
  const read = path === undefined ? undefined : readTokensFile(path);
  if (read?.ok === false)
    reading.mistakes.push(...read.mistakes.map((mistake) => `FLEETMETER_TOKENS_FILE: ${mistake}`));
  return path;
}

function readPublicUrl(reading: Reading): URL | undefined {
  const value = text(reading, 'FLEETMETER_PUBLIC_URL');
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : null;
  const isPlain = url !== null && url.username + url.password + url.search + url.hash === '';
  if (isPlain && /^https?:$/.test(url.protocol)) return url;
  mistake(
    reading,
    'FLEETMETER_PUBLIC_URL',
    value,
    'a URL such as https://fleetmeter.example.org, without a query',
  );
  return undefined;
}

function readRoles(reading: Reading): ReadonlySet<Role> {
  const names = itemsOf(textOrDefault(reading, 'FLEETMETER_ROLES'));
  const roles = ROLES.filter((role) => names.includes(role));
  if (roles.length === 0 || names.some((name) => !ROLES.some((role) => role === name))) {
    mistake(reading, 'FLEETMETER_ROLES', names.join(','), `some of ${ROLES.join(',')}`);
  }
  return new Set(roles);
}

function readGpuFields(reading: Reading): GpuFields {
  const names = list(reading, 'FLEETMETER_GPU_FIELDS');
  if (names === undefined) return DEFAULT_GPU_FIELDS;
  if (names.length === 1 && names[0] === 'all') return 'all';
  const wrong = names.find((name) => !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name));
  if (wrong !== undefined)
    mistake(reading, 'FLEETMETER_GPU_FIELDS', wrong, 'names of fields with commas between them, or all');
  for (const name of names) {
    const meant = misspeltField(name);
    if (meant !== undefined)
      reading.mistakes.push(`FLEETMETER_GPU_FIELDS: ${name}: DCGM has no such field, did you mean ${meant}?`);
  }
  return new Set(names);
}

function readTelemetryRetention(reading: Reading): TelemetryRetention {
  const name = 'FLEETMETER_TELEMETRY_RETENTION_BYTES';
  const bytes = whole(reading, name, 1, MAX_BYTES);
  const isKafkas =
    text(reading, 'FLEETMETER_KAFKA_BROKERS') !== undefined && text(reading, name) === undefined;
  return {
    ageMs: whole(reading, 'FLEETMETER_TELEMETRY_RETENTION_SECONDS', 1, MAX_SECONDS) * 1000,
    bytes: isKafkas ? undefined : bytes,
  };
}

function readRedisUrl(reading: Reading): string | undefined {
  const url = text(reading, 'FLEETMETER_REDIS_URL');
  const parsed = url === undefined ? undefined : parseRedisUrl(url);
  if (parsed?.kind === 'invalid') reading.mistakes.push(`FLEETMETER_REDIS_URL: ${parsed.detail}`);
  return url;
}

function readKafka(reading: Reading): KafkaSettings | undefined {
  const brokers = list(reading, 'FLEETMETER_KAFKA_BROKERS');
  const wrong = brokers?.find((broker) => !/^.+:\d{1,5}$/.test(broker));
  if (wrong !== undefined)
    mistake(reading, 'FLEETMETER_KAFKA_BROKERS', wrong, 'HOST:PORT, several with commas between them');
  const mechanism = oneOf(reading, 'FLEETMETER_KAFKA_SASL_MECHANISM', [...SASL_MECHANISMS, 'none']);
  const username = text(reading, 'FLEETMETER_KAFKA_SASL_USERNAME') ?? '';
  const password =
    secret(reading, 'FLEETMETER_KAFKA_SASL_PASSWORD', 'FLEETMETER_KAFKA_SASL_PASSWORD_FILE') ?? '';
  needs(reading, 'FLEETMETER_KAFKA_SASL_USERNAME', 'FLEETMETER_KAFKA_SASL_MECHANISM');
  if (mechanism !== 'none' && (username === '' || password === '')) {
    reading.mistakes.push(
      'FLEETMETER_KAFKA_SASL_MECHANISM: needs FLEETMETER_KAFKA_SASL_USERNAME and _PASSWORD (or _PASSWORD_FILE)',
    );
  }
  const ca = file(reading, 'FLEETMETER_KAFKA_TLS_CA_FILE');
  const cert = file(reading, 'FLEETMETER_KAFKA_TLS_CERT_FILE');
  const key = file(reading, 'FLEETMETER_KAFKA_TLS_KEY_FILE');
  needs(reading, 'FLEETMETER_KAFKA_TLS_CERT_FILE', 'FLEETMETER_KAFKA_TLS_KEY_FILE');
  needs(reading, 'FLEETMETER_KAFKA_TLS_KEY_FILE', 'FLEETMETER_KAFKA_TLS_CERT_FILE');
  const usesTls = flag(reading, 'FLEETMETER_KAFKA_TLS_ENABLED') || ca !== undefined || cert !== undefined;
  if (brokers === undefined) return undefined;
  const given = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  return {
    brokers,
    ...(mechanism === 'none' ? {} : { sasl: { mechanism, username, password } }),
    ...(usesTls ? { tls: given } : {}),
  };
}
