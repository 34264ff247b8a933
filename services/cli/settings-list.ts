/** Every setting, as `fleetmeter serve --help` and docs/reference/settings.md have it. */
export const SETTINGS = [
  {
    name: 'FLEETMETER_LISTEN',
    byDefault: '127.0.0.1:19464',
    help: 'host and port; any other host than loopback needs an ingest token, or FLEETMETER_ALLOW_ANONYMOUS_INGEST=true',
  },
  {
    name: 'FLEETMETER_PUBLIC_URL',
    byDefault: 'unset: the address asked',
    help: 'where scrapers reach this server, as service discovery (GET /v1/sd) tells them',
  },
  {
    name: 'FLEETMETER_ROLES',
    byDefault: 'gateway,aggregator,exporter',
    help: 'what this process does: any of the three',
  },
  { name: 'FLEETMETER_DATA_DIR', byDefault: './data', help: 'where the embedded log and store are' },
  {
    name: 'FLEETMETER_PARTITIONS',
    byDefault: '8',
    help: 'partitions of the two topics; never changes for a log',
  },
  { name: 'FLEETMETER_LOG_LEVEL', byDefault: 'info', help: 'how much the process says' },
  {
    name: 'FLEETMETER_KAFKA_BROKERS',
    byDefault: 'unset: the embedded log',
    help: 'HOST:PORT, several with commas between them',
  },
  {
    name: 'FLEETMETER_KAFKA_SASL_MECHANISM',
    byDefault: 'none',
    help: 'plain, scram-sha-256 or scram-sha-512',
  },
  { name: 'FLEETMETER_KAFKA_SASL_USERNAME', byDefault: 'unset', help: 'who signs in' },
  { name: 'FLEETMETER_KAFKA_SASL_PASSWORD', byDefault: 'unset', help: 'the password' },
  { name: 'FLEETMETER_KAFKA_SASL_PASSWORD_FILE', byDefault: 'unset', help: 'a file that holds it' },
  { name: 'FLEETMETER_KAFKA_TLS_ENABLED', byDefault: 'false', help: 'true: TLS to the brokers' },
  {
    name: 'FLEETMETER_KAFKA_TLS_CA_FILE',
    byDefault: "the system's",
    help: 'certificate authorities, PEM; turns TLS on',
  },
  {
    name: 'FLEETMETER_KAFKA_TLS_CERT_FILE',
    byDefault: 'unset',
    help: "this client's certificate, PEM, with its key; turns TLS on",
  },
  { name: 'FLEETMETER_KAFKA_TLS_KEY_FILE', byDefault: 'unset', help: 'the key of it, PEM' },
  {
    name: 'FLEETMETER_REDIS_URL',
    byDefault: 'unset: the embedded store',
    help: 'redis://[[USER]:PASSWORD@]HOST[:PORT][/DB], or rediss:// for TLS',
  },
  { name: 'FLEETMETER_INGEST_TOKEN', byDefault: 'unset', help: 'what senders of events must bear' },
  { name: 'FLEETMETER_INGEST_TOKEN_FILE', byDefault: 'unset', help: 'a file that holds it' },
  { name: 'FLEETMETER_SCRAPE_TOKEN', byDefault: 'unset', help: 'what scrapers must bear' },
  { name: 'FLEETMETER_SCRAPE_TOKEN_FILE', byDefault: 'unset', help: 'a file that holds it' },
  {
    name: 'FLEETMETER_TOKENS_FILE',
    byDefault: 'unset',
    help: 'YAML or JSON, a list of {name, token or sha256, may, projects}; read again when it changes',
  },
  {
    name: 'FLEETMETER_TLS_CERT_FILE',
    byDefault: 'unset: plain HTTP',
    help: "this server's certificate and those that lead to it, PEM; read again when it changes",
  },
  { name: 'FLEETMETER_TLS_KEY_FILE', byDefault: 'unset', help: 'the key of it, PEM' },
  {
    name: 'FLEETMETER_TLS_CLIENT_CA_FILE',
    byDefault: 'unset',
    help: 'certificate authorities, PEM: only clients with a certificate of theirs are answered',
  },
  {
    name: 'FLEETMETER_TLS_CA_FILE',
    byDefault: "this server's certificate, and the system's",
    help: "certificate authorities of the server's certificate, PEM, for commands that speak to it; they use TLS with it",
  },
  {
    name: 'FLEETMETER_TLS_CLIENT_CERT_FILE',
    byDefault: 'unset',
    help: 'the certificate, PEM, that commands show a server that answers only clients with one; with its key',
  },
  { name: 'FLEETMETER_TLS_CLIENT_KEY_FILE', byDefault: 'unset', help: 'the key of it, PEM' },
  {
    name: 'FLEETMETER_ALLOW_ANONYMOUS_INGEST',
    byDefault: 'false',
    help: 'true: anybody who reaches the address may send events',
  },
  {
    name: 'FLEETMETER_LATENESS_SECONDS',
    byDefault: '86400',
    help: 'how long after its finish an entity settles; how much older than the newest event of its entity an event may be',
  },
  {
    name: 'FLEETMETER_DEDUPE_SECONDS',
    byDefault: '2592000',
    help: 'how long the id of a settled entity is remembered',
  },
  { name: 'FLEETMETER_SAMPLE_TTL_SECONDS', byDefault: '600', help: 'how long a sample is shown' },
  {
    name: 'FLEETMETER_TELEMETRY_RETENTION_SECONDS',
    byDefault: '10800',
    help: 'how long telemetry is kept on the log',
  },
  {
    name: 'FLEETMETER_TELEMETRY_RETENTION_BYTES',
    byDefault: '2000000000',
    help: "how much telemetry the embedded log keeps as a whole; of each partition of Kafka's topic, where it is set",
  },
  {
    name: 'FLEETMETER_GPU_FIELDS',
    byDefault: "dstack's 49 fields",
    help: 'what the gateway and the collector put on the log of a dcgm exporter: names with commas between them, or all',
  },
] as const;

export type SettingName = (typeof SETTINGS)[number]['name'];

/**
 * As it would be written in the environment; for a setting that is unset by default, only what takes its
 * place.
 */
export function defaultOf(name: SettingName): string {
  return SETTINGS.find((setting) => setting.name === name)?.byDefault ?? '';
}

/** What `serve --help` prints of the settings. */
export function settingsHelp(): string {
  const lines = SETTINGS.map(({ name, byDefault, help }) => `  ${name} (${byDefault})\n      ${help}`);
  return `\nSettings, from the environment:\n${lines.join('\n')}\n`;
}
