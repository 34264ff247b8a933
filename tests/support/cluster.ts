/** A Redis Cluster on this machine: three primaries, a replica for each. */
import { Redis } from 'ioredis';
import { freePort } from './ports';
import { type RedisServer, startRedis } from './redis';

export interface RedisCluster {
  /** For FLEETMETER_REDIS_URL. */
  readonly url: string;
  /**
   * Kills the primary that holds a key's slot; resolves when its replica is the primary, and starts it again.
   */
  killPrimaryOf(key: string): Promise<void>;
  stop(): Promise<void>;
}

const PRIMARIES = 3;
const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 4000;
const PATIENCE_MS = 60_000;

export async function startCluster(config: readonly string[]): Promise<RedisCluster> {
  const nodes: { readonly server: RedisServer; readonly busPort: number; readonly admin: Redis }[] = [];
  for (let n = 0; n < 2 * PRIMARIES; n++) {
    const busPort = await freePort();
    const server = await startRedis([
      'cluster-enabled yes',
      `cluster-port ${busPort}`,
      `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
      ...config,
    ]);
    const admin = new Redis({ port: server.port, retryStrategy: () => 50 });
    admin.on('error', () => undefined);
    nodes.push({ server, busPort, admin });
  }
  const primaries = nodes.slice(0, PRIMARIES);
  const replicas = nodes.slice(PRIMARIES);
  const slotsEach = Math.ceil(SLOTS / PRIMARIES);
  for (const [n, { admin }] of primaries.entries()) {
    const last = Math.min(SLOTS, (n + 1) * slotsEach) - 1;
    await admin.call('CLUSTER', ['ADDSLOTSRANGE', String(n * slotsEach), String(last)]);
    await admin.call('CLUSTER', ['SET-CONFIG-EPOCH', String(n + 1)]);
  }
  for (const { server, busPort } of nodes.slice(1)) {
    await primaries[0]!.admin.call('CLUSTER', ['MEET', '127.0.0.1', String(server.port), String(busPort)]);
  }
  for (const { admin } of nodes) {
    await until(async () => (await admin.cluster('INFO')).includes(`cluster_known_nodes:${nodes.length}`));
  }
  for (const [n, { admin }] of replicas.entries()) {
    const id = await primaries[n]!.admin.cluster('MYID');
    await admin.call('CLUSTER', ['REPLICATE', id]);
  }
  const whenComplete = (): Promise<void> => until(() => isComplete(nodes.map(({ admin }) => admin)));
  await whenComplete();

  return {
    url: `redis+cluster://${nodes.map(({ server }) => `127.0.0.1:${server.port}`).join(',')}`,
    async killPrimaryOf(key) {
      const port = await primaryPortOf(nodes[0]!.admin, key);
      const struck = nodes.find(({ server }) => server.port === port);
      const witness = nodes.find((node) => node !== struck);
      if (struck === undefined || witness === undefined) throw new Error(`no node at ${port}`);
      await struck.server.kill();
      await until(async () => (await primaryPortOf(witness.admin, key)) !== port);
      await struck.server.start();
      await whenComplete();
    },
    async stop() {
      for (const { admin } of nodes) admin.disconnect();
      await Promise.all(nodes.map(({ server }) => server.stop()));
    },
  };
}

/** Every node finds all slots served, and every replica has its primary's data. */
async function isComplete(admins: readonly Redis[]): Promise<boolean> {
  const states = await Promise.all(
    admins.map(async (admin) => {
      if (!(await admin.cluster('INFO')).includes('cluster_state:ok')) return 'waits';
      const info = await admin.info('replication');
      if (info.includes('role:master')) return info.includes('connected_slaves:1') ? 'primary' : 'waits';
      return info.includes('master_link_status:up') ? 'replica' : 'waits';
    }),
  );
  return !states.includes('waits') && states.filter((state) => state === 'primary').length === PRIMARIES;
}

async function primaryPortOf(admin: Redis, key: string): Promise<number> {
  const slot = await admin.cluster('KEYSLOT', key);
  const ranges = await admin.cluster('SLOTS');
  for (const range of ranges) {
    const [first, last, primary] = range;
    if (slot >= first && slot <= last && Array.isArray(primary)) return primary[1];
  }
  return 0;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > endMs) throw new Error('the cluster is not complete');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
