import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { openCollector } from '../../collector/collector';
import { openFetcher, openTokenFile } from '../../http/fetcher';
import { openCollectorMetrics } from '../../collector/metrics';
import { fileSource, httpSource } from '../../collector/source';
import type { TargetSource } from '../../collector/source';
import { singleTokens } from '../../http/access';
import { openLogger } from '../../process/logger';
import { CommandError, EXIT } from '../exit';
import { openServer, processRoutes } from '../server';
import { addressOption, durationOption, checkTokenFile, readOption, urlOption, wrongOption } from '../option';
import type { Settings } from '../settings';
import { deliverTo, openSink } from '../sink';
import { openStop } from '../stop';

export const addCollect: AddCommand = (program, settings) => {
  program
    .command('collect')
    .description('scrape exporters into telemetry events, through the server running here or into Kafka')
    .option('--targets <file>', "what to scrape, in Prometheus' file service discovery format (JSON or YAML)")
    .option('--sd-url <url>', "what to scrape, by Prometheus' HTTP service discovery")
    .option('--interval <duration>', 'how often each target is scraped', '15s')
    .option(
      '--timeout <duration>',
      'how long a target may take; default: 10s, or the interval if that is less',
    )
    .option('--lag <duration>', "how old an exporter's values may be: its own interval of collection", '0s')
    .option('--ca <file>', "certificate authorities of the targets, PEM; default: the system's")
    .option('--insecure', 'take any certificate of a target', false)
    .option('--token-file <file>', 'a bearer token for the targets')
    .option('--listen <address>', "HOST:PORT of the collector's own /metrics/process; default: none")
    .addHelpText(
      'after',
      examples(
        'fleetmeter collect --targets gpus.yml',
        'fleetmeter collect --sd-url http://sd.internal/gpus --interval 30s --listen 127.0.0.1:19465',
      ),
    )
    .action((options: CollectOptions) => collect(options, settings('log')));
};

export interface CollectOptions {
  /** A file in Prometheus' service discovery format. */
  readonly targets?: string;
  /** An HTTP endpoint that serves this format. */
  readonly sdUrl?: string;
  readonly interval: string;
  readonly timeout?: string;
  readonly lag: string;
  readonly ca?: string;
  readonly insecure: boolean;
  readonly tokenFile?: string;
  /** Where the collector's own metrics are served; undefined: nowhere. */
  readonly listen?: string;
}

/** The same as the gateway's limit for a page. */
const BODY_BYTES = 10_000_000;
/** Prometheus' own default, unless the interval is shorter. */
const TIMEOUT_MS = 10_000;
const HELD_BYTES = 256 * 1024 * 1024;

/**
 * `collect`: scrapes exporters into telemetry events, through the server running here or into Kafka, until it
 * is stopped.
 */
async function collect(options: CollectOptions, settings: Settings): Promise<void> {
  const plan = await readPlan(options);
  const logger = openLogger(settings.logLevel);
  const metrics = openCollectorMetrics();
  const stop = openStop(logger);
  const sink = await openSink(settings);
  const collector = openCollector({
    ...plan,
    fields: settings.gpuFields,
    deliver: deliverTo(sink),
    logger,
    metrics,
    now: Date.now,
  });
  try {
    const readiness = new Map([['collector', () => Promise.resolve(collector.trouble())]]);
    const routers = [processRoutes(readiness, metrics, singleTokens({ scrape: settings.scrapeToken }))];
    const { listen } = plan;
    const server =
      listen === undefined ? undefined : await openServer({ listen }, routers, logger, '--listen');
    const where = server === undefined ? '' : `, its metrics are on ${server.url}/metrics/process`;
    process.stdout.write(`fleetmeter collects${where}\n`);
    await stop.asked;
    await server?.close();
  } finally {
    await collector.close();
    await sink.close();
    stop.close();
  }
}

/** What the options say, checked; a mistake is wrong usage. */
async function readPlan(options: CollectOptions) {
  const intervalMs = durationOption('--interval', options.interval, 100);
  const timeoutMs =
    options.timeout === undefined
      ? Math.min(TIMEOUT_MS, intervalMs)
      : durationOption('--timeout', options.timeout, 1);
  if (timeoutMs > intervalMs)
    throw wrongOption('--timeout', `${timeoutMs}ms`, `at most the interval, ${intervalMs}ms`);
  if (options.tokenFile !== undefined) checkTokenFile('--token-file', options.tokenFile);
  const fetcher = openFetcher({
    timeoutMs,
    bodyBytes: BODY_BYTES,
    heldBytes: HELD_BYTES,
    ca: options.ca === undefined ? undefined : readOption('--ca', options.ca),
    insecure: options.insecure,
  });
  const sources: TargetSource[] = [];
  if (options.targets !== undefined) sources.push(await readableFile(options.targets));
  if (options.sdUrl !== undefined) sources.push(httpSource(urlOption('--sd-url', options.sdUrl), fetcher));
  if (sources.length === 0) throw new CommandError(EXIT.usage, 'expected --targets, --sd-url, or both');
  return {
    sources,
    fetcher,
    intervalMs,
    lagMs: durationOption('--lag', options.lag, 0),
    authorization: openTokenFile(options.tokenFile, Date.now),
    listen: options.listen === undefined ? undefined : addressOption('--listen', options.listen),
  };
}

async function readableFile(path: string): Promise<TargetSource> {
  const read = await fileSource(path).read();
  if (read?.kind === 'unreadable') throw new CommandError(EXIT.usage, `--targets: ${path}: ${read.detail}`);
  return fileSource(path);
}
