import { once } from 'node:events';
import { Cluster, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import type { RedisAddress } from './address';
import type { Script } from './lua/script';

/** A reply later than this counts as lost: the caller gets `unavailable` and may ask again. */
const REPLY_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
const LONGEST_RECONNECT_DELAY_MS = 1_000;

/** The first words of replies that mean "not now" or "not here"; any other error reply is a bug of ours. */
const AWAY = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOAUTH',
  'NOPERM',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'UNKILLABLE',
  'WRONGPASS',
]);

/** Where commands are sent: one server's connection, or those of a cluster, by key. */
export type RedisClient = Redis | Cluster;

export interface Connection {
  readonly redis: RedisClient;
  /** Resolves when the first attempt to connect has ended, well or not. */
  readonly tried: Promise<void>;
  /** What to tell the operator if the error means that Redis is away; null if it is a bug. */
  away(error: unknown): string | null;
  close(): void;
}

/** Connects, and reconnects whenever the connection is lost, until close(). */
export function connectRedis(address: RedisAddress, logger: Logger): Connection {
  const redis = openClient(address);
  const where = nameOf(address);
  let lost: string | null = 'connecting';
  // Messages only: ioredis' error objects contain the command, and with it the password.
  redis.on('error', (error: NodeJS.ErrnoException) => {
    // If each address of a name refuses, the error has a code but no message.
    const why = error.message === '' ? (error.code ?? error.name) : error.message;
    if (lost !== why) logger.warn(`${where}: ${why}`);
    lost = why;
  });
  redis.on('close', () => {
    lost ??= 'connection lost';
  });
  redis.on('ready', () => {
    if (lost !== null && lost !== 'connecting') logger.info(`${where}: connected again`);
    lost = null;
  });

  return {
    redis,
    tried: Promise.race([once(redis, 'ready'), once(redis, 'close'), once(redis, 'end')]).then(
      () => undefined,
      () => undefined,
    ),
    away(error) {
      if (!(error instanceof Error) || isBug(error)) return null;
      return `${where}: ${lost === null ? error.message : `not connected (${lost})`}`;
    },
    close() {
      redis.disconnect();
    },
  };
}

function openClient({ username, password, tls, at }: RedisAddress): RedisClient {
  const access = {
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
  switch (at.kind) {
    case 'server':
      return new Redis({ ...OPTIONS, ...access, host: at.host, port: at.port, db: at.db });
    case 'sentinel':
      return new Redis({
        ...OPTIONS,
        ...access,
        sentinels: [...at.sentinels],
        name: at.name,
        db: at.db,
        ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
        sentinelRetryStrategy: reconnectDelayMs,
        sentinelCommandTimeout: REPLY_TIMEOUT_MS,
        // A primary that has lost its replicas may have been replaced: the sentinels know.
        reconnectOnError: ({ message }) => /^(READONLY|NOREPLICAS)/.test(message),
      });
    case 'cluster':
      return new Cluster([...at.nodes], {
        redisOptions: { ...OPTIONS, ...access },
        enableOfflineQueue: false,
        clusterRetryStrategy: reconnectDelayMs,
        slotsRefreshTimeout: REPLY_TIMEOUT_MS,
      });
    default:
      return at satisfies never;
  }
}

function reconnectDelayMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 10), LONGEST_RECONNECT_DELAY_MS) * (0.5 + Math.random() / 2);
}

const OPTIONS = {
  connectionName: 'fleetmeter',
  connectTimeout: CONNECT_TIMEOUT_MS,
  commandTimeout: REPLY_TIMEOUT_MS,
  // A connection that has gone silent (no RST) is abandoned; otherwise TCP would take a quarter of an hour.
  socketTimeout: REPLY_TIMEOUT_MS,
  // The queue is unbounded, and what waits in it is stale by the time it is sent.
  enableOfflineQueue: false,
  // If it is sent again after a lost reply, a command may run twice.
  autoResendUnfulfilledCommands: false,
  // Commands in flight fail as soon as their connection does; with more retries they would wait for their
  // timeout.
  maxRetriesPerRequest: 0,
  // After a failover the name may lead to the new primary.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  retryStrategy: reconnectDelayMs,
} satisfies RedisOptions;

function nameOf({ at }: RedisAddress): string {
  switch (at.kind) {
    case 'server':
      return `redis ${at.host}:${at.port}`;
    case 'sentinel':
      return `redis ${at.name} of sentinels ${at.sentinels.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
    case 'cluster':
      return `redis cluster ${at.nodes.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
    default:
      return at satisfies never;
  }
}

function isBug(error: Error): boolean {
  if (error.name === 'ReplyError') return !AWAY.has(error.message.split(' ', 1)[0] ?? '');
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}

/**
 * Runs a script by its hash, sending its text if the server doesn't know it (new, restarted, failed over).
 */
export async function runScript(
  redis: RedisClient,
  { sha1, text }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const operands = [String(keys.length), ...keys, ...args];
  try {
    return await redis.call('EVALSHA', [sha1, ...operands]);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return await redis.call('EVAL', [text, ...operands]);
  }
}
