import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { wholeNumber } from '../option';
import { settingsHelp } from '../settings-list';
import { setTimeout as delay } from 'node:timers/promises';
import type Router from '@koa/router';
import { REFUSAL_REASONS } from '../../../events/refusal';
import { openAggregator } from '../../aggregator/aggregator';
import type { Aggregator } from '../../aggregator/aggregator';
import { openPages } from '../../exporter/pages';
import type { Pages } from '../../exporter/pages';
import { openPageSizes } from '../../exporter/page-size';
import { committedProjects } from '../../exporter/projects';
import { exporterRoutes } from '../../exporter/routes';
import { statusRoutes } from '../../exporter/status';
import { openTrend } from '../../exporter/trend';
import type { Trend } from '../../exporter/trend';
import { openViews } from '../../exporter/views';
import { gatewayRoutes } from '../../gateway/routes';
import type { GatewayMetrics } from '../../gateway/metrics';
import { singleTokens } from '../../http/access';
import type { Access } from '../../http/access';
import type { EventLog } from '../../log/port';
import { openLogger } from '../../process/logger';
import type { Logger } from '../../process/logger';
import { openProcessMetrics, zeroReasons } from '../../process/metrics';
import { openSeldom } from '../../process/rare-warning';
import type { ProcessMetrics } from '../../process/metrics';
import type { StateStore } from '../../store/port';
import { openLog, openStore } from '../compose';
import { DEMO, mustBeHeld, playIntoLog } from '../demo-fleet';
import type { DemoFlags, Playing } from '../demo-fleet';
import { CommandError, EXIT } from '../exit';
import { demoGreeting, greeting } from '../greeting';
import { openProgress } from '../progress';
import type { ProgressOutput } from '../progress';
import { openAccess } from '../tokens';
import { openServer, processRoutes } from '../server';
import type { Readiness } from '../server';
import { ledgerSettings } from '../settings';
import type { Role, Settings } from '../settings';
import { openStop } from '../stop';

export const addServe: AddCommand = (program, settings) => {
  program
    .command('serve')
    .description('run the roles in FLEETMETER_ROLES')
    .option('--demo [jobs]', 'with a simulated fleet of about this many running jobs', wholeNumber)
    .addHelpText('after', settingsHelp())
    .addHelpText(
      'after',
      examples(
        'fleetmeter serve --demo',
        'FLEETMETER_DATA_DIR=/var/lib/fleetmeter fleetmeter serve',
        'FLEETMETER_KAFKA_BROKERS=kafka:9092 FLEETMETER_REDIS_URL=redis://redis FLEETMETER_ROLES=exporter fleetmeter serve',
      ),
    )
    .action(async ({ demo: jobs }: { readonly demo?: number | true }) => {
      await serve(
        settings('roles'),
        jobs === undefined ? undefined : demoOf(jobs === true ? DEMO.jobs : jobs),
      );
    });
};

/** For a large fleet fewer hours, which are on the page sooner. */
const LARGE_JOBS = 1000;
const LARGE_HOURS = 1;

function demoOf(jobs: number): DemoFlags {
  const flags = { ...DEMO, jobs, ...(jobs > LARGE_JOBS ? { hours: LARGE_HOURS } : {}) };
  mustBeHeld(flags, '--demo');
  return flags;
}

/** What a process is made of. */
interface Parts {
  readonly log: EventLog | undefined;
  readonly store: StateStore | undefined;
  readonly logger: Logger;
  readonly metrics: ProcessMetrics;
}

/**
 * `serve`: runs the roles until SIGTERM or SIGINT. It shuts down in the order in which events flow: no more
 * requests are accepted, those in flight are answered, what was read is committed, then log and store are
 * closed.
 */
async function serve(settings: Settings, demo: DemoFlags | undefined): Promise<void> {
  const closers: Close[] = [];
  try {
    await runRoles(settings, demo, (close) => closers.push(close));
  } finally {
    // After a failed start too: whatever is open would keep the process alive, deaf to the signals it listens
    // for.
    for (const close of closers.reverse()) await close();
  }
}

type Close = () => Promise<void>;

/** `onOpen` is told how to close each part, in the order in which they were opened. */
async function runRoles(
  settings: Settings,
  demo: DemoFlags | undefined,
  onOpen: (close: Close) => void,
): Promise<void> {
  const fatal = new AbortController();
  const failed = failure(fatal);
  const parts = await openParts(settings, onOpen);
  const { logger, log } = parts;
  const stop = openStop(logger);
  onOpen(() => {
    stop.close();
    return Promise.resolve();
  });
  const playing = demo === undefined ? undefined : await playDemo(demo, log, logger, stop.signal);
  if (playing !== undefined) onOpen(() => playing.stop());
  if (stop.signal.aborted) return;
  const aggregator = settings.roles.has('aggregator') ? await openRole(parts, settings, fatal) : undefined;
  if (aggregator !== undefined) onOpen(() => aggregator.close());
  const pages = settings.roles.has('exporter') ? openExporter(parts, settings) : undefined;
  const trend = pages === undefined ? undefined : openTrend(pages, settings.sampleTtlMs);
  if (trend !== undefined) {
    onOpen(() => {
      trend.stop();
      return Promise.resolve();
    });
  }
  const readiness = readinessOf(settings.roles, parts, aggregator, pages);
  const { scrapeToken, ingestToken, tokensFile } = settings;
  const access = openAccess(
    singleTokens({ scrape: scrapeToken, ingest: ingestToken, admin: scrapeToken }),
    tokensFile,
    logger,
  );
  onOpen(() => access.close());
  const routers = routersOf(parts, settings, access, pages && trend && { pages, trend }, readiness);
  const server = await openServer(settings, routers, logger);
  onOpen(() => server.close());
  process.stdout.write(greeting(server.url, settings));
  if (playing !== undefined && demo !== undefined) {
    const following = followDemo(playing, parts, readiness.get('exporter'), stop.signal).then((isShown) => {
      if (isShown) process.stdout.write(demoGreeting(server.url, demo, playing.events));
    });
    onOpen(() => following);
  }
  const reason = await Promise.race([stop.asked, failed]);
  logger.info({ reason }, 'stopping');
  if (fatal.signal.aborted) throw new CommandError(EXIT.no, `stopped: ${reason}`);
}

/**
 * The whole history is on the log before anybody folds it, so no job that has ended is first shown as
 * running.
 */
async function playDemo(
  demo: DemoFlags,
  log: EventLog | undefined,
  logger: Logger,
  stop: AbortSignal,
): Promise<Playing> {
  if (log === undefined)
    throw new CommandError(EXIT.usage, '--demo: needs the role gateway or aggregator in FLEETMETER_ROLES');
  return playIntoLog(demo, log, openProgress('made', demo.hours * HOUR_MS, lines(logger)), stop);
}

const HOUR_MS = 3_600_000;
const LOOK_MS = 200;

/** Reports how far the history of a demo has been folded; true once it is on the page. */
async function followDemo(
  { events }: Playing,
  { metrics, logger }: Parts,
  trouble: (() => Promise<string | undefined>) | undefined,
  stop: AbortSignal,
): Promise<boolean> {
  if (trouble === undefined) return false;
  const progress = openProgress('folded', events, lines(logger));
  let folded = 0;
  while (folded < events || (await trouble()) !== undefined) {
    await delay(LOOK_MS, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return false;
    const { values } = await metrics.recordsFolded.get();
    const now = values.reduce((sum, { value }) => sum + value, 0);
    progress.advance(now - folded, now - folded);
    folded = now;
  }
  progress.end();
  return true;
}

/** Where progress goes: a terminal shows one line; otherwise it is logged now and then. */
function lines(logger: Logger): ProgressOutput {
  if (process.stderr.isTTY) return process.stderr;
  return {
    write: (text) => {
      logger.info(text.trim());
    },
  };
}

async function openParts(settings: Settings, onOpen: (close: Close) => void): Promise<Parts> {
  const logger = openLogger(settings.logLevel);
  const metrics = openProcessMetrics();
  zeroReasons(metrics, REFUSAL_REASONS);
  const { roles } = settings;
  const log = roles.has('gateway') || roles.has('aggregator') ? await openLog(settings, logger) : undefined;
  if (log !== undefined) onOpen(() => log.close());
  const store =
    roles.has('aggregator') || roles.has('exporter') ? await openStore(settings, logger) : undefined;
  if (store !== undefined) onOpen(() => store.close());
  return { log, store, logger, metrics };
}

function openRole(
  { log, store, logger, metrics }: Parts,
  settings: Settings,
  fatal: AbortController,
): Promise<Aggregator> {
  if (log === undefined || store === undefined) throw new Error('an aggregator needs a log and a store');
  return openAggregator({
    log,
    store,
    logger,
    metrics,
    settings: ledgerSettings(settings),
    onFatal: (error) => {
      logger.fatal({ err: error }, 'the log has stopped delivering');
      fatal.abort(error);
    },
  });
}

function openExporter({ store, logger, metrics }: Parts, settings: Settings): Pages {
  if (store === undefined) throw new Error('an exporter needs a store');
  const seldom = openSeldom(logger, Date.now);
  return openPages(openViews(store), settings.sampleTtlMs, (leftOut) => {
    metrics.pageLeftOut.reset();
    for (const [cause, series] of leftOut) metrics.pageLeftOut.set({ cause }, series);
    const [ofJob, ofProject] = [leftOut.get('job_limit') ?? 0, leftOut.get('project_limit') ?? 0];
    if (ofJob + ofProject === 0) return;
    seldom.warn(
      { job_limit: ofJob, project_limit: ofProject },
      'exporters gave more series than a job or a project may have on the page, the rest was left out',
    );
  });
}

function routersOf(
  parts: Parts,
  { gpuFields, publicUrl, roles }: Settings,
  access: Access,
  exporter: { readonly pages: Pages; readonly trend: Trend } | undefined,
  readiness: Readiness,
): Router[] {
  const { log, logger, metrics } = parts;
  const routers = [processRoutes(readiness, metrics, access)];
  if (exporter !== undefined) {
    const { pages, trend } = exporter;
    routers.push(
      exporterRoutes({
        ...{ pages, metrics, access, publicUrl },
        notePageSize: openPageSizes(metrics, openSeldom(logger, Date.now)),
      }),
      statusRoutes({ pages, metrics, trend, access }),
    );
  }
  if (roles.has('gateway') && log !== undefined) {
    routers.push(
      gatewayRoutes({
        ...{ log, access, gpuFields, logger, metrics: gatewayMetrics(metrics), now: Date.now },
        committedProjects:
          exporter === undefined ? () => Promise.resolve(undefined) : committedProjects(exporter.pages),
      }),
    );
  }
  return routers;
}

function gatewayMetrics(metrics: ProcessMetrics): GatewayMetrics {
  return {
    accepted: (events) => {
      metrics.eventsAccepted.inc(events);
    },
    rejected: (reason, events) => {
      metrics.eventsRejected.inc({ reason }, events);
    },
    refused: (status, reason) => {
      metrics.requestsRefused.inc({ code: String(status), reason });
    },
    leftOut: (cause, count) => {
      metrics.samplesLeftOut.inc({ cause }, count);
    },
  };
}

function readinessOf(
  roles: ReadonlySet<Role>,
  { log }: Parts,
  aggregator: Aggregator | undefined,
  pages: Pages | undefined,
): Readiness {
  const readiness = new Map<Role, () => Promise<string | undefined>>();
  if (roles.has('gateway') && log !== undefined) {
    readiness.set('gateway', async () => {
      const answer = await log.appendable();
      return answer.kind === 'unavailable' ? answer.detail : undefined;
    });
  }
  if (aggregator !== undefined) {
    readiness.set('aggregator', () => Promise.resolve(aggregator.trouble()));
  }
  if (pages !== undefined) {
    readiness.set('exporter', () =>
      pages.read((refreshed) => (refreshed.kind === 'ready' ? undefined : refreshed.reason)),
    );
  }
  return readiness;
}

function failure({ signal }: AbortController): Promise<string> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(String(signal.reason));
    });
  });
}
