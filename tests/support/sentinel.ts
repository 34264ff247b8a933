/** Redis with replicas, and sentinels that make one of them the primary when it is gone. */
import { Redis } from 'ioredis';
import { type RedisServer, startRedis, startSentinel } from './redis';

export interface SentinelSetup {
  /** For FLEETMETER_REDIS_URL. */
  readonly url: string;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** The server that the sentinels call the primary now. */
  primary(): Promise<RedisServer>;
  /** A failover that an operator asks for: the primary is well. Resolves when another one is the primary. */
  failover(): Promise<void>;
  /** Kills the primary; resolves when another one has taken its place, and starts it again as a replica. */
  killPrimary(): Promise<void>;
  /**
   * The primary hangs until another one has taken its place, and `longerMs` more; then it wakes up and knows
   * of nothing.
   */
  hangPrimary(longerMs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface SentinelOptions {
  readonly replicas: number;
  readonly downAfterMs: number;
  /** More lines of each redis.conf. */
  readonly config: readonly string[];
}

const NAME = 'fleetmeter';
const SENTINELS = 3;
const QUORUM = 2;
const RETRY_MS = 50;
const PATIENCE_MS = 60_000;

export async function startSentinelSetup(options: SentinelOptions): Promise<SentinelSetup> {
  const { replicas, downAfterMs, config } = options;
  const first = await startRedis(config);
  const servers = [first];
  for (let n = 0; n < replicas; n++) {
    servers.push(await startRedis([...config, `replicaof 127.0.0.1 ${first.port}`]));
  }
  const monitor = [
    `sentinel monitor ${NAME} 127.0.0.1 ${first.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
    `sentinel failover-timeout ${NAME} 6000`,
    `sentinel parallel-syncs ${NAME} 2`,
  ];
  const watchers: RedisServer[] = [];
  for (let n = 0; n < SENTINELS; n++) watchers.push(await startSentinel(monitor));
  const asking = new Redis({ host: '127.0.0.1', port: watchers[0]!.port, retryStrategy: () => RETRY_MS });
  asking.on('error', () => undefined);

  async function primary(): Promise<RedisServer> {
    const answer = await asking.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
    const port = Array.isArray(answer) ? Number(answer[1]) : 0;
    const found = servers.find((server) => server.port === port);
    if (found === undefined) throw new Error(`the sentinels name ${String(answer)}`);
    return found;
  }

  /**
   * How many replicas and sentinels the first one knows and finds well: fewer, and a failover would be
   * refused.
   */
  async function isComplete(): Promise<boolean> {
    const answer = await asking.call('SENTINEL', 'REPLICAS', NAME);
    const known = Array.isArray(answer) ? answer.map((replica) => fieldsOf(replica)) : [];
    const well = known.filter(
      (replica) => replica.get('flags') === 'slave' && replica.get('master-link-status') === 'ok',
    );
    const others = await asking.call('SENTINEL', 'SENTINELS', NAME);
    return well.length === replicas && Array.isArray(others) && others.length === SENTINELS - 1;
  }

  async function whenAnother(before: RedisServer): Promise<void> {
    await until(async () => (await primary()) !== before, `${before.port} is still the primary`);
  }

  const setup: SentinelSetup = {
    url: `redis+sentinel://${watchers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${NAME}`,
    sentinels: watchers.map(({ port }) => ({ host: '127.0.0.1', port })),
    primary,
    async failover() {
      await until(isComplete, 'the setup is not complete');
      const before = await primary();
      // Refused as long as the one before is not over, and a while after it.
      await until(async () => {
        const answer = await asking.call('SENTINEL', 'FAILOVER', NAME).catch(() => 'refused');
        return answer === 'OK';
      }, 'no failover is begun');
      await whenAnother(before);
    },
    async killPrimary() {
      await until(isComplete, 'the setup is not complete');
      const before = await primary();
      await before.kill();
      await whenAnother(before);
      await before.start();
    },
    async hangPrimary(longerMs) {
      await until(isComplete, 'the setup is not complete');
      const before = await primary();
      before.freeze();
      await whenAnother(before);
      await new Promise((resolve) => setTimeout(resolve, longerMs));
      before.thaw();
    },
    async stop() {
      asking.disconnect();
      await Promise.all([...watchers, ...servers].map((server) => server.stop()));
    },
  };
  await until(isComplete, 'the setup is not complete');
  return setup;
}

/** Names and values in turn. */
function fieldsOf(reply: unknown): Map<string, string> {
  const flat: unknown[] = Array.isArray(reply) ? reply : [];
  const fields = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) fields.set(String(flat[at]), String(flat[at + 1]));
  return fields;
}

async function until(condition: () => Promise<boolean>, otherwise: string): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > endMs) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
