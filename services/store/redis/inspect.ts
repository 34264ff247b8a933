import { Cluster, Redis } from 'ioredis';
import type { StoreUnavailable } from '../port';
import type { RedisAddress, RedisNode } from './address';
import type { Commands } from './commands';
import { CHECKED_CONFIG, checkRedis } from './check';
import type { Failover, RedisCheck } from './check';
import type { Connection, RedisClient } from './client';
import { mapOf, text } from './reply';

const SENTINEL_TIMEOUT_MS = 2000;

/** Looks at how the servers are set up, and at when another one may take their place. */
export async function inspectRedis(
  connection: Connection,
  commands: Commands,
  { at }: RedisAddress,
): Promise<RedisCheck | StoreUnavailable> {
  const { redis } = connection;
  if (redis instanceof Cluster) return inspectCluster(redis, commands);
  const info = await commands.call('INFO', []);
  if (info.kind === 'unavailable') return info;
  const failover: Failover =
    at.kind === 'sentinel'
      ? { kind: 'sentinel', downAfterMs: await downAfterMs(at.sentinels, at.name) }
      : { kind: 'unknown' };
  return checkRedis(text(info.reply, 'INFO'), await configOf(redis), failover);
}

/** Each primary: what one of them lacks is reported for it. */
async function inspectCluster(cluster: Cluster, commands: Commands): Promise<RedisCheck | StoreUnavailable> {
  const alive = await commands.call('INFO', []);
  if (alive.kind === 'unavailable') return alive;
  const checks = await Promise.all(
    cluster.nodes('master').map(async (node) => {
      const info = await node.info().catch(() => null);
      const { host = '', port = 0 } = node.options;
      if (info === null) return { name: `${host}:${port}`, problems: [], warnings: ['does not answer'] };
      return { name: `${host}:${port}`, ...checkRedis(info, await configOf(node), { kind: 'cluster' }) };
    }),
  );
  const named = (lines: 'problems' | 'warnings'): string[] =>
    checks.flatMap((check) => check[lines].map((line) => `${check.name}: ${line}`));
  return { kind: 'checked', problems: named('problems'), warnings: named('warnings') };
}

/** null: hosted Redis may refuse CONFIG. */
async function configOf(redis: RedisClient): Promise<Map<string, string> | null> {
  const config = await redis.call('CONFIG', ['GET', ...CHECKED_CONFIG]).catch(() => null);
  return config === null ? null : mapOf(config);
}

/** How long a primary must be away before the sentinels call it down; null if none of them says. */
async function downAfterMs(sentinels: readonly RedisNode[], name: string): Promise<number | null> {
  for (const sentinel of sentinels) {
    const redis = new Redis({
      ...sentinel,
      lazyConnect: true,
      connectTimeout: SENTINEL_TIMEOUT_MS,
      retryStrategy: () => null,
    });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      const answer = mapOf(await redis.call('SENTINEL', ['MASTER', name]));
      return Number(answer.get('down-after-milliseconds'));
    } catch {
      // Ask the next one.
    } finally {
      redis.disconnect();
    }
  }
  return null;
}
