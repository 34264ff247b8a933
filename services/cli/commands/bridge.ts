import { join } from 'node:path';
import { AwayError } from '../../bridge/backoff';
import { openBridge } from '../../bridge/bridge';
import { openDstackClient } from '../../bridge/dstack/client';
import type { DstackClient } from '../../bridge/dstack/client';
import { openDstack } from '../../bridge/dstack/dstack';
import { openServerClock } from '../../bridge/dstack/server-clock';
import type { ServerClock } from '../../bridge/dstack/server-clock';
import { openBridgeMetrics } from '../../bridge/metrics';
import type { BridgeMetrics } from '../../bridge/metrics';
import { openStateFile } from '../../bridge/state-file';
import { openTargetFile } from '../../bridge/target-file';
import { singleTokens } from '../../http/access';
import { openFetcher, openTokenFile } from '../../http/fetcher';
import type { Fetcher } from '../../http/fetcher';
import { openLogger } from '../../process/logger';
import { CommandError, EXIT } from '../exit';
import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { addressOption, checkTokenFile, readOption, urlOption, wholeNumber, wrongOption } from '../option';
import { openServer, processRoutes } from '../server';
import type { Settings } from '../settings';
import { deliverTo, openSink } from '../sink';
import { openStop } from '../stop';
import { compareDstack } from './bridge-compare';

export const addBridge: AddCommand = (program, settings) => {
  program
    .command('bridge')
    .description('watch a control plane and put what happens there on the log')
    .command('dstack')
    .description('watch an unmodified dstack server through its API')
    .requiredOption('--url <url>', 'of the server, such as http://127.0.0.1:3000')
    .requiredOption('--token-file <file>', "a file that holds an administrator's token")
    .option('--metrics-token-file <file>', 'the token of its /metrics, if that requires one')
    .option('--state <dir>', 'where it keeps how far it has read; default: bridge in FLEETMETER_DATA_DIR')
    .option('--source <text>', "the events' source; default: /dstack/HOST:PORT of the URL")
    .option('--once', 'end when the snapshot is on the log', false)
    .option('--compare', "compare dstack's page with ours and print where they differ", false)
    .option('--no-dcgm', 'take no DCGM from its /metrics: `collect` scrapes the exporters')
    .option('--exporter-port <port>', 'of the GPU exporters in the target file', wholeNumber, 9400)
    .option('--ca <file>', "certificate authorities of the server, PEM; default: the system's")
    .option('--listen <address>', "HOST:PORT of the bridge's own /metrics/process; default: none")
    .addHelpText(
      'after',
      examples(
        'fleetmeter bridge dstack --url http://127.0.0.1:3000 --token-file token --listen 127.0.0.1:19466',
        'fleetmeter bridge dstack --url http://127.0.0.1:3000 --token-file token --compare',
      ),
    )
    .action((options: BridgeOptions) => bridgeDstack(options, settings('log')));
};

interface BridgeOptions {
  readonly url: string;
  readonly tokenFile: string;
  /** For dstack's page, if it requires a token. */
  readonly metricsTokenFile?: string;
  readonly state?: string;
  readonly source?: string;
  readonly once: boolean;
  readonly compare: boolean;
  /** False: DCGM's families come from the exporters, by `collect`. */
  readonly dcgm: boolean;
  readonly exporterPort: number;
  readonly ca?: string;
  readonly listen?: string;
}

const TIMEOUT_MS = 60_000;
/** For a fleet that fills a server, dstack's page has tens of megabytes. */
const BODY_BYTES = 512 * 1024 * 1024;

/** `bridge dstack`: watches a dstack server and puts what happens there on the log, until it is stopped. */
async function bridgeDstack(options: BridgeOptions, settings: Settings): Promise<void> {
  const plan = readPlan(options, settings);
  const metrics = openBridgeMetrics();
  const clock = openServerClock();
  const client = openClient(plan, clock, metrics);
  try {
    if (options.once || !options.compare) await watch({ ...plan, client, clock, metrics }, options, settings);
    if (options.compare) await compareDstack({ client, clock }, settings);
  } finally {
    plan.fetcher.close();
  }
}

interface Watch extends Plan {
  readonly client: DstackClient;
  readonly clock: ServerClock;
  readonly metrics: BridgeMetrics;
}

async function watch(plan: Watch, options: BridgeOptions, settings: Settings): Promise<void> {
  const { client, clock, metrics } = plan;
  const logger = openLogger(settings.logLevel);
  const stop = openStop(logger);
  const sink = await openSink(settings);
  const plane = openDstack({
    client,
    clock,
    metrics,
    gpuFields: options.dcgm ? settings.gpuFields : undefined,
    now: Date.now,
  });
  const bridge = openBridge({
    plane,
    source: plan.source,
    state: openStateFile(join(plan.stateDir, 'state.json'), plan.source),
    deliver: deliverTo(sink),
    onHosts: openTargetFile(join(plan.stateDir, 'targets.json'), options.exporterPort),
    mode: options.once ? 'once' : 'follow',
    logger,
    metrics,
    now: Date.now,
  });
  try {
    const readiness = new Map([['bridge', () => Promise.resolve(bridge.trouble())]]);
    const routers = [processRoutes(readiness, metrics, singleTokens({ scrape: settings.scrapeToken }))];
    const { listen } = plan;
    const server =
      listen === undefined ? undefined : await openServer({ listen }, routers, logger, '--listen');
    const where = server === undefined ? '' : `, its metrics are on ${server.url}/metrics/process`;
    process.stdout.write(`fleetmeter watches ${plan.url} as ${plan.source}${where}\n`);
    await Promise.race([bridge.ended, stop.asked]);
    await server?.close();
  } catch (error) {
    throw error instanceof AwayError ? new CommandError(EXIT.away, error.message) : error;
  } finally {
    await bridge.close();
    await sink.close();
    stop.close();
  }
}

interface Plan {
  readonly url: string;
  readonly source: string;
  readonly stateDir: string;
  readonly fetcher: Fetcher;
  readonly authorization: () => Record<string, string>;
  readonly pageAuthorization: () => Record<string, string>;
  readonly listen: Settings['listen'] | undefined;
}

function readPlan(options: BridgeOptions, settings: Settings): Plan {
  const url = urlOption('--url', options.url);
  const { host, username, password } = new URL(url);
  if (username !== '' || password !== '')
    throw wrongOption('--url', `http://…@${host}`, 'no user in it: the token comes from --token-file');
  const { tokenFile, metricsTokenFile, source = `/dstack/${host}` } = options;
  for (const [option, path] of [
    ['--token-file', tokenFile],
    ['--metrics-token-file', metricsTokenFile],
  ] as const) {
    if (path !== undefined) checkTokenFile(option, path);
  }
  if (source === '' || Buffer.byteLength(source) > 1024)
    throw wrongOption('--source', source, 'a text of 1 to 1024 bytes, such as /dstack/eu-1');
  return {
    url,
    source,
    stateDir: options.state ?? join(settings.dataDir, 'bridge'),
    fetcher: openFetcher({
      timeoutMs: TIMEOUT_MS,
      bodyBytes: BODY_BYTES,
      heldBytes: BODY_BYTES,
      ca: options.ca === undefined ? undefined : readOption('--ca', options.ca),
    }),
    authorization: openTokenFile(tokenFile, Date.now),
    pageAuthorization: openTokenFile(metricsTokenFile, Date.now),
    listen: options.listen === undefined ? undefined : addressOption('--listen', options.listen),
  };
}

function openClient(
  { url, fetcher, authorization, pageAuthorization }: Plan,
  clock: ServerClock,
  metrics: BridgeMetrics,
) {
  return openDstackClient({
    url,
    fetcher,
    authorization,
    pageAuthorization,
    clock,
    now: Date.now,
    onAnswer(call, result, ms) {
      metrics.requests.inc({ call, result });
      metrics.requestSeconds.observe({ call }, ms / 1000);
    },
    onBadRows(call, rows) {
      metrics.unreadableRows.inc({ call }, rows);
    },
  });
}
