import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as NetServer, Socket } from 'node:net';
import Router from '@koa/router';
import { httpApp } from '../http/app';
import { refuse } from '../http/refusal';
import { requireGrant } from '../http/access';
import type { Access } from '../http/access';
import type { Logger } from '../process/logger';
import type { ProcessMetrics } from '../process/metrics';
import { watchFiles } from '../process/watched-files';
import { CommandError, EXIT } from './exit';
import type { Settings } from './settings';
import { readTlsFiles, tlsPaths } from './tls';
import type { TlsFiles } from './tls';

/** Why a role is not ready; undefined: it is. */
export type Readiness = ReadonlyMap<string, () => Promise<string | undefined>>;

export interface HttpServer {
  readonly url: string;
  /** Accepts no more requests, and waits for those in flight. */
  close(): Promise<void>;
}

/** Whoever sends more slowly than this, or has more connections, is neither a producer nor a scraper. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
/** For a connection on which nothing moves, such as that of a reader that has stopped reading. */
const IDLE_TIMEOUT_MS = 120_000;
const MAX_CONNECTIONS = 4096;
/** Per address, so that there is room for others. */
const MAX_CONNECTIONS_OF_ONE = 3072;
const CLOSE_PATIENCE_MS = 10_000;
const IDLE_CHECK_MS = 50;

export async function openServer(
  { listen: { host, port }, tls }: Pick<Settings, 'listen'> & Partial<Pick<Settings, 'tls'>>,
  routers: readonly Router[],
  logger: Logger,
  option = 'FLEETMETER_LISTEN',
): Promise<HttpServer> {
  const app = httpApp(logger, routers);
  const handle = app.callback();
  const { server, stopWatching } = createWith(
    tls,
    logger,
    (request, response) => void handle(request, response),
  );
  server.timeout = IDLE_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  limitByAddress(server, MAX_CONNECTIONS_OF_ONE);
  server.listen(port, host);
  await listening(server, `${option}: ${host}:${String(port)}`);
  return {
    url: urlOf(server, tls === undefined ? 'http' : 'https'),
    close: () => {
      stopWatching();
      return closeServer(server);
    },
  };
}

const TIMEOUTS: ServerOptions = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };

interface Created {
  readonly server: Server;
  readonly stopWatching: () => void;
}

/** Certificates are read again when their files change: new connections then get the new ones. */
function createWith(tls: TlsFiles | undefined, logger: Logger, listener: RequestListener): Created {
  if (tls === undefined) return { server: createServer(TIMEOUTS, listener), stopWatching: () => undefined };
  const isMutual = tls.clientCaFile !== undefined;
  const options = { ...TIMEOUTS, ...readTlsFiles(tls), requestCert: isMutual, rejectUnauthorized: isMutual };
  const server = createTlsServer({ ...options, minVersion: 'TLSv1.2' }, listener);
  const stopWatching = watchFiles(tlsPaths(tls), () => {
    try {
      server.setSecureContext({ ...readTlsFiles(tls), minVersion: 'TLSv1.2' });
      logger.info('read the certificates again');
    } catch (error) {
      logger.error({ err: error }, 'the certificates are invalid now; those read before stay in use');
    }
  });
  return { server, stopWatching };
}

/** A connection beyond its address's limit is closed as soon as it comes. */
export function limitByAddress(server: NetServer, most: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const own = (open.get(address) ?? 0) + 1;
    open.set(address, own);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (own > most) socket.destroy();
  });
}

async function listening(server: Server, address: string): Promise<void> {
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new CommandError(EXIT.usage, `${address} can't be used to listen on (${code})`);
  }
}

function urlOf(server: Server, scheme: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no address');
  const { address: host, port, family } = address;
  const named = host === '127.0.0.1' || host === '::1' ? 'localhost' : family === 'IPv6' ? `[${host}]` : host;
  return `${scheme}://${named}:${String(port)}`;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A busy connection becomes idle once answered, and its client would keep it open.
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_CHECK_MS);
  const patience = setTimeout(() => {
    server.closeAllConnections();
  }, CLOSE_PATIENCE_MS);
  await closed;
  clearTimeout(patience);
  clearInterval(idle);
}

/** Liveness, readiness by role, and the process's own metrics. */
export function processRoutes(
  readiness: Readiness,
  metrics: Pick<ProcessMetrics, 'registry'>,
  access: Access,
): Router {
  const router = new Router();
  router.get('/-/healthy', (ctx) => {
    ctx.body = 'ok\n';
  });
  router.get('/-/ready', async (ctx) => {
    const { role } = ctx.query;
    const asked = [...readiness].filter(([name]) => role === undefined || name === role);
    if (asked.length === 0) {
      const detail = `role: ${String(role).slice(0, 32)}, expected one of ${[...readiness.keys()].join(', ')}`;
      refuse(ctx, { status: 400, reason: 'invalid_query', detail });
      return;
    }
    const troubles = await Promise.all(
      asked.map(async ([name, check]) => ({ name, trouble: await check() })),
    );
    const lines = troubles.map(({ name, trouble }) => `${name}: ${trouble ?? 'ready'}\n`);
    ctx.status = troubles.every(({ trouble }) => trouble === undefined) ? 200 : 503;
    ctx.body = lines.join('');
  });
  router.get(
    '/metrics/process',
    requireGrant(access, { may: ['scrape', 'admin'], wholeFleet: true }),
    async (ctx) => {
      ctx.set('content-type', metrics.registry.contentType);
      ctx.body = await metrics.registry.metrics();
    },
  );
  return router;
}
