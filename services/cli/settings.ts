import { readFileSync } from 'node:fs';
import { textOf } from '../../events/encoding';
import { errnoOf } from '../process/errno';
import { parseRedisUrl } from '../store/redis/address';
import { LOG_LEVELS } from '../process/logger';
import type { LogLevel } from '../process/logger';
import { DCGM_FIELD_NAMES } from '../exposition/dcgm-names';
import { DEFAULT_GPU_FIELDS } from '../exposition/dcgm-fields';
import type { GpuFields } from '../exposition/gpu-fields';
import type { TelemetryRetention } from '../log/retention';
import type { LedgerSettings } from '../fold/ledger';
import { nearest } from './nearest';
import { SETTINGS, defaultOf } from './settings-list';
import type { SettingName } from './settings-list';
import { authoritiesMistake, tlsMistake } from './tls';
import type { ClientTlsFiles, TlsFiles } from './tls';
import { readTokensFile } from './tokens';

/** What the environment says, checked. */
export interface Settings {
  readonly listen: { readonly host: string; readonly port: number };
  /** Where others reach it, before whatever stands in front; undefined: where they have asked. */
  readonly publicUrl: URL | undefined;
  /** Undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /** How commands speak to a server with TLS; undefined: as `tls` has it, or not at all. */
  readonly clientTls: ClientTlsFiles | undefined;
  readonly dataDir: string;
  /** Undefined: the embedded log. */
  readonly kafka: KafkaSettings | undefined;
  /** Undefined: the embedded store. */
  readonly redisUrl: string | undefined;
  readonly scrapeToken: string | undefined;
  readonly ingestToken: string | undefined;
  /** Tokens besides these two, of a file that is read again when it changes. */
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

/** Settings, or a line for each mistake: it names the setting, its value (but no secret), and what was expected. */
export type ReadSettings =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly mistakes: readonly string[] };

type Environment = Readonly<Record<string, string | undefined>>;

/** What they are for: roles that are run, a command on the store (and the log), or one that needs no store. */
export type Use = 'roles' | 'store' | 'log';

export function readSettings(env: Environment, use: Use): ReadSettings {
  const mistakes = unknownSettings(env);
  const reader = openReader(env, mistakes);
  const settings: Settings = {
    listen: reader.listen(),
    publicUrl: reader.publicUrl(),
    tls: reader.tls(),
    clientTls: reader.clientTls(),
    dataDir: reader.textOrDefault('FLEETMETER_DATA_DIR'),
    kafka: reader.kafka(),
    redisUrl: reader.redisUrl(),
    scrapeToken: reader.secret('FLEETMETER_SCRAPE_TOKEN', 'FLEETMETER_SCRAPE_TOKEN_FILE'),
    ingestToken: reader.secret('FLEETMETER_INGEST_TOKEN', 'FLEETMETER_INGEST_TOKEN_FILE'),
    tokensFile: reader.tokensFile(),
    partitions: reader.whole('FLEETMETER_PARTITIONS', 1, 1024),
    roles: reader.roles(),
    latenessMs: reader.whole('FLEETMETER_LATENESS_SECONDS', 0, MAX_SECONDS) * 1000,
    dedupeMs: reader.whole('FLEETMETER_DEDUPE_SECONDS', 0, MAX_SECONDS) * 1000,
    sampleTtlMs: reader.whole('FLEETMETER_SAMPLE_TTL_SECONDS', 1, MAX_SECONDS) * 1000,
    telemetryRetention: reader.telemetryRetention(),
    gpuFields: reader.gpuFields(),
    logLevel: reader.oneOf('FLEETMETER_LOG_LEVEL', LOG_LEVELS),
  };
  const allowsAnonymous = reader.flag('FLEETMETER_ALLOW_ANONYMOUS_INGEST');
  mistakes.push(...misfits(settings, use));
  if (use === 'roles') mistakes.push(...roleMisfits(settings, allowsAnonymous));
  return mistakes.length === 0 ? { ok: true, settings } : { ok: false, mistakes };
}

/** What the fold goes by, of all there is. */
export function ledgerSettings({ latenessMs, dedupeMs, sampleTtlMs }: Settings): LedgerSettings {
  return { latenessMs, dedupeMs, sampleTtlMs, asOfMs: null };
}

const MAX_BYTES = 1e15 - 1;
const MAX_SECONDS = 10 * 365 * 86_400;

/** More edits than this make another word, not a slip. */
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

/** Settings that are right each by itself and do not go together. */
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

function itemsOf(list: string): readonly string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** DCGM gets new fields: what is near to none of those known is taken, and so is the field of another link or slot. */
const MOST_EDITS_OF_FIELD = 4;

function misspeltField(name: string): string | undefined {
  if (DCGM_FIELD_NAMES.has(name)) return undefined;
  const meant = nearest(name.toUpperCase(), DCGM_FIELD_NAMES, MOST_EDITS_OF_FIELD);
  const withoutNumbers = (text: string | undefined): string | undefined => text?.replaceAll(/\d+/g, '0');
  return withoutNumbers(meant) === withoutNumbers(name) ? undefined : meant;
}

// ---- reading one setting ---------------------------------------------------------------------------------------

function openReader(env: Environment, mistakes: string[]) {
  const text = (name: SettingName): string | undefined => {
    const value = env[name]?.trim();
    return value === undefined || value === '' ? undefined : value;
  };
  const textOrDefault = (name: SettingName): string => text(name) ?? defaultOf(name);
  const mistake = (name: SettingName, value: string, expected: string): void => {
    mistakes.push(`${name}: ${value.slice(0, 80)}, expected ${expected}`);
  };

  function whole(name: SettingName, least: number, most: number): number {
    const value = textOrDefault(name);
    const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
    if (number >= least && number <= most) return number;
    mistake(name, value, `a whole number from ${String(least)} to ${String(most)}`);
    return least;
  }

  function oneOf<const T extends string>(name: SettingName, values: readonly [T, ...T[]]): T {
    const find = (value: string): T | undefined => values.find((one) => one === value.toLowerCase());
    const value = textOrDefault(name);
    const found = find(value);
    if (found === undefined) mistake(name, value, `one of ${values.join(', ')}`);
    return found ?? find(defaultOf(name)) ?? values[0];
  }

  function flag(name: SettingName): boolean {
    return oneOf(name, ['true', 'false']) === 'true';
  }

  function file(name: SettingName): string | undefined {
    const path = text(name);
    if (path === undefined) return undefined;
    try {
      return textOf(readFileSync(path)).trim();
    } catch (error) {
      const why = errnoOf(error) ?? (error instanceof Error ? error.message : 'unreadable');
      mistake(name, path, `a file that can be read (${why})`);
      return undefined;
    }
  }

  function secret(name: SettingName, fileName: SettingName): string | undefined {
    const given = text(name);
    if (given !== undefined && text(fileName) !== undefined) {
      mistakes.push(`${fileName}: expected it or ${name}, not both`);
    }
    const value = given ?? file(fileName);
    if (value !== '') return value;
    mistakes.push(`${fileName}: the file is empty, expected a secret in it`);
    return undefined;
  }

  function needs(name: SettingName, other: SettingName): void {
    if (text(name) !== undefined && text(other) === undefined) mistakes.push(`${name}: needs ${other}`);
  }

  function list(name: SettingName): readonly string[] | undefined {
    const value = text(name);
    return value === undefined ? undefined : itemsOf(value);
  }

  return {
    textOrDefault,
    whole,
    oneOf,
    flag,
    secret,
    listen(): Settings['listen'] {
      const value = textOrDefault('FLEETMETER_LISTEN');
      const address = parseAddress(value);
      if (address !== null) return address;
      mistake('FLEETMETER_LISTEN', value, 'HOST:PORT, such as 127.0.0.1:19464 or [::]:19464');
      return { host: 'localhost', port: 0 };
    },
    tls(): TlsFiles | undefined {
      const [certFile, keyFile] = [text('FLEETMETER_TLS_CERT_FILE'), text('FLEETMETER_TLS_KEY_FILE')];
      const clientCaFile = text('FLEETMETER_TLS_CLIENT_CA_FILE');
      needs('FLEETMETER_TLS_CERT_FILE', 'FLEETMETER_TLS_KEY_FILE');
      needs('FLEETMETER_TLS_KEY_FILE', 'FLEETMETER_TLS_CERT_FILE');
      needs('FLEETMETER_TLS_CLIENT_CA_FILE', 'FLEETMETER_TLS_CERT_FILE');
      if (certFile === undefined || keyFile === undefined) return undefined;
      const files = { certFile, keyFile, clientCaFile };
      const wrong = tlsMistake(files);
      if (wrong !== undefined)
        mistake('FLEETMETER_TLS_CERT_FILE', certFile, `a certificate with its key, PEM (${wrong})`);
      return files;
    },
    clientTls(): ClientTlsFiles | undefined {
      const [certFile, keyFile] = [
        text('FLEETMETER_TLS_CLIENT_CERT_FILE'),
        text('FLEETMETER_TLS_CLIENT_KEY_FILE'),
      ];
      const caFile = text('FLEETMETER_TLS_CA_FILE');
      needs('FLEETMETER_TLS_CLIENT_CERT_FILE', 'FLEETMETER_TLS_CLIENT_KEY_FILE');
      needs('FLEETMETER_TLS_CLIENT_KEY_FILE', 'FLEETMETER_TLS_CLIENT_CERT_FILE');
      const wrong = caFile === undefined ? undefined : authoritiesMistake(caFile);
      if (caFile !== undefined && wrong !== undefined)
        mistake('FLEETMETER_TLS_CA_FILE', caFile, `certificates, PEM (${wrong})`);
      if (certFile === undefined || keyFile === undefined)
        return caFile === undefined ? undefined : { caFile, own: undefined };
      const own = { certFile, keyFile };
      const wrongOwn = tlsMistake({ ...own, clientCaFile: undefined });
      if (wrongOwn !== undefined)
        mistake('FLEETMETER_TLS_CLIENT_CERT_FILE', certFile, `a certificate with its key, PEM (${wrongOwn})`);
      return { caFile, own };
    },
    tokensFile(): string | undefined {
      const path = text('FLEETMETER_TOKENS_FILE');
      const read = path === undefined ? undefined : readTokensFile(path);
      if (read?.ok === false)
        mistakes.push(...read.mistakes.map((mistake) => `FLEETMETER_TOKENS_FILE: ${mistake}`));
      return path;
    },
    publicUrl(): URL | undefined {
      const value = text('FLEETMETER_PUBLIC_URL');
      if (value === undefined) return undefined;
      const url = URL.canParse(value) ? new URL(value) : null;
      const isPlain = url !== null && url.username + url.password + url.search + url.hash === '';
      if (isPlain && /^https?:$/.test(url.protocol)) return url;
      mistake(
        'FLEETMETER_PUBLIC_URL',
        value,
        'a URL such as https://fleetmeter.example.org, without a query',
      );
      return undefined;
    },
    roles(): ReadonlySet<Role> {
      const names = itemsOf(textOrDefault('FLEETMETER_ROLES'));
      const roles = ROLES.filter((role) => names.includes(role));
      if (roles.length === 0 || names.some((name) => !ROLES.some((role) => role === name))) {
        mistake('FLEETMETER_ROLES', names.join(','), `some of ${ROLES.join(',')}`);
      }
      return new Set(roles);
    },
    gpuFields(): GpuFields {
      const names = list('FLEETMETER_GPU_FIELDS');
      if (names === undefined) return DEFAULT_GPU_FIELDS;
      if (names.length === 1 && names[0] === 'all') return 'all';
      const wrong = names.find((name) => !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name));
      if (wrong !== undefined)
        mistake('FLEETMETER_GPU_FIELDS', wrong, 'names of fields with commas between them, or all');
      for (const name of names) {
        const meant = misspeltField(name);
        if (meant !== undefined)
          mistakes.push(`FLEETMETER_GPU_FIELDS: ${name}: DCGM has no such field, did you mean ${meant}?`);
      }
      return new Set(names);
    },
    telemetryRetention(): TelemetryRetention {
      const name = 'FLEETMETER_TELEMETRY_RETENTION_BYTES';
      const bytes = whole(name, 1, MAX_BYTES);
      const isKafkas = text('FLEETMETER_KAFKA_BROKERS') !== undefined && text(name) === undefined;
      return {
        ageMs: whole('FLEETMETER_TELEMETRY_RETENTION_SECONDS', 1, MAX_SECONDS) * 1000,
        bytes: isKafkas ? undefined : bytes,
      };
    },
    redisUrl(): string | undefined {
      const url = text('FLEETMETER_REDIS_URL');
      const parsed = url === undefined ? undefined : parseRedisUrl(url);
      if (parsed?.kind === 'invalid') mistakes.push(`FLEETMETER_REDIS_URL: ${parsed.detail}`);
      return url;
    },
    kafka(): KafkaSettings | undefined {
      const brokers = list('FLEETMETER_KAFKA_BROKERS');
      const wrong = brokers?.find((broker) => !/^.+:\d{1,5}$/.test(broker));
      if (wrong !== undefined)
        mistake('FLEETMETER_KAFKA_BROKERS', wrong, 'HOST:PORT, several with commas between them');
      const mechanism = oneOf('FLEETMETER_KAFKA_SASL_MECHANISM', [...SASL_MECHANISMS, 'none']);
      const username = text('FLEETMETER_KAFKA_SASL_USERNAME') ?? '';
      const password = secret('FLEETMETER_KAFKA_SASL_PASSWORD', 'FLEETMETER_KAFKA_SASL_PASSWORD_FILE') ?? '';
      needs('FLEETMETER_KAFKA_SASL_USERNAME', 'FLEETMETER_KAFKA_SASL_MECHANISM');
      if (mechanism !== 'none' && (username === '' || password === '')) {
        mistakes.push(
          'FLEETMETER_KAFKA_SASL_MECHANISM: needs FLEETMETER_KAFKA_SASL_USERNAME and _PASSWORD (or _PASSWORD_FILE)',
        );
      }
      const ca = file('FLEETMETER_KAFKA_TLS_CA_FILE');
      const cert = file('FLEETMETER_KAFKA_TLS_CERT_FILE');
      const key = file('FLEETMETER_KAFKA_TLS_KEY_FILE');
      needs('FLEETMETER_KAFKA_TLS_CERT_FILE', 'FLEETMETER_KAFKA_TLS_KEY_FILE');
      needs('FLEETMETER_KAFKA_TLS_KEY_FILE', 'FLEETMETER_KAFKA_TLS_CERT_FILE');
      const usesTls = flag('FLEETMETER_KAFKA_TLS_ENABLED') || ca !== undefined || cert !== undefined;
      if (brokers === undefined) return undefined;
      const given = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
      return {
        brokers,
        ...(mechanism === 'none' ? {} : { sasl: { mechanism, username, password } }),
        ...(usesTls ? { tls: given } : {}),
      };
    },
  };
}
