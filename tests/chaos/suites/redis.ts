import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis, type RedisServer } from '../../support/redis';
import { startSentinelSetup, type SentinelSetup } from '../../support/sentinel';
import { drill, type Fault } from '../drill';
import { withLab } from '../lab';
import type { Options } from '../suite';

/**
 * Failovers by Sentinel, and restores of an older snapshot under running processes. Options: `failovers`,
 * `restores`, `seed`.
 */
export async function run(options: Options): Promise<readonly string[]> {
  const seed = options.get('seed') ?? 1;
  return [
    ...(await failovers(options.get('failovers') ?? 51, seed)),
    ...(await restores(options.get('restores') ?? 10, seed)),
  ];
}

async function failovers(count: number, seed: number): Promise<readonly string[]> {
  if (count === 0) return [];
  const setup = await startSentinelSetup({
    replicas: 2,
    downAfterMs: 3000,
    config: ['maxmemory-policy noeviction', 'min-replicas-to-write 1', 'min-replicas-max-lag 2'],
  });
  try {
    return await withLab({ redisUrl: setup.url, seed }, ({ deployment, load }) =>
      drill('Sentinel', deployment, load, failoversOf(setup), count),
    );
  } finally {
    await setup.stop();
  }
}

function failoversOf(setup: SentinelSetup): Fault[] {
  return [
    { kind: 'SENTINEL FAILOVER', measures: 'page', strike: () => setup.failover() },
    { kind: 'kill -9 of the primary', measures: 'page', strike: () => setup.killPrimary() },
    {
      kind: 'primary hangs, and wakes later',
      measures: 'page',
      strike: () => setup.hangPrimary(Math.random() * 4000),
    },
  ];
}

const SNAPSHOT = 'dump.rdb';

async function restores(count: number, seed: number): Promise<readonly string[]> {
  if (count === 0) return [];
  const redis = await startRedis(['maxmemory-policy noeviction', 'appendonly no']);
  const operator = new Redis({ port: redis.port, retryStrategy: () => 100 });
  operator.on('error', () => undefined);
  try {
    return await withLab({ redisUrl: redis.url, seed }, ({ deployment, load }) =>
      drill('Restore', deployment, load, [restoreOf(redis, operator)], count),
    );
  } finally {
    operator.disconnect();
    await redis.stop();
  }
}

/**
 * Takes a snapshot, and puts back one of those that were taken in the last rounds: seconds to a minute old.
 */
function restoreOf(redis: RedisServer, operator: Redis): Fault {
  const snapshots: string[] = [];
  return {
    kind: 'restore of an older snapshot',
    measures: 'page',
    async strike() {
      const copy = join(redis.dir, `snapshot-${snapshots.length}.rdb`);
      await operator.call('SAVE');
      copyFileSync(join(redis.dir, SNAPSHOT), copy);
      snapshots.push(copy);
      await delay(2000 + Math.random() * 8000);
      await redis.kill();
      const older = snapshots.slice(-4)[Math.floor(Math.random() * Math.min(4, snapshots.length))];
      if (older !== undefined && existsSync(older)) copyFileSync(older, join(redis.dir, SNAPSHOT));
      else rmSync(join(redis.dir, SNAPSHOT), { force: true });
      await delay(Math.random() * 2000);
      await redis.start();
    },
  };
}
