import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { freePort } from './ports';
import { kafkaClassPath } from './kafka/jars';
import { jvm, startJava, type JavaProcess } from './kafka/node';

/** A real Kafka on this machine, without Docker. Brokers are numbered from 1. */
/** As the settings have it by default. */
export const TELEMETRY_RETENTION = { ageMs: 10_800_000, bytes: undefined };

export interface KafkaCluster {
  /** host:port of each. */
  readonly brokers: readonly string[];
  /** The same of the secure listener, where one was asked for. */
  readonly secureBrokers: readonly string[];
  /** By way of the proxies, where there are some. */
  readonly proxiedBrokers: readonly string[];
  kill9(broker: number): Promise<void>;
  /** A broker that hangs, not one that is gone; resolves when all its threads stand still. */
  pause(broker: number): Promise<void>;
  resume(broker: number): void;
  /** Starts a broker again, killed before or not, and waits until it answers. */
  restart(broker: number): Promise<void>;
  /**
   * Runs a main class of Kafka's with text on its standard input; resolves to what it printed, rejects if it
   * fails.
   */
  java(mainClass: string, args: readonly string[], input?: string): Promise<string>;
  /** Kills all, and deletes the data. */
  stop(): Promise<void>;
}

export interface KafkaSettings {
  readonly brokers?: 1 | 3;
  /** More lines of each server.properties. */
  readonly props?: Readonly<Record<string, string>>;
  /** A second listener, which is told to clients as the port that this answers for it: a proxy's. */
  readonly proxiedBy?: (port: number) => Promise<number>;
  /** A second listener with TLS, and SCRAM-SHA-512 for this user; a PKCS12 store holds the certificate. */
  readonly secure?: {
    readonly keyStore: string;
    readonly keyStorePassword: string;
    readonly username: string;
    readonly password: string;
  };
}

const READY_MS = 180_000;
const BROKER_HEAP_MB = 256;
const TOOL_HEAP_MB = 128;

/**
 * Starts a cluster: about 3 s for one broker, 6 s for three, and 10 s more where the jars must be fetched
 * first.
 */
export async function startKafka({
  brokers: count = 1,
  props = {},
  proxiedBy,
  secure,
}: KafkaSettings = {}): Promise<KafkaCluster> {
  const classPath = await kafkaClassPath();
  const root = mkdtempSync(join(tmpdir(), 'fleetmeter-kafka-'));
  const ports: number[] = [];
  while (ports.length < count * 3) ports.push(await freePort());
  const nodes = Array.from({ length: count }, (_, i): Node => {
    const [port = 0, controllerPort = 0, secondPort = 0] = ports.slice(i * 3);
    const home = join(root, String(i + 1));
    mkdirSync(home);
    return { id: i + 1, home, port, controllerPort, secondPort, process: null };
  });
  const proxyPorts = proxiedBy ? await Promise.all(nodes.map(({ secondPort }) => proxiedBy(secondPort))) : [];
  const voters = nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(',');
  for (const [index, node] of nodes.entries()) {
    const proxyPort = proxyPorts[index];
    const all = {
      ...baseProperties(node, voters, count),
      ...(proxyPort !== undefined && proxiedProperties(node, proxyPort)),
      ...(secure && secureProperties(node, secure)),
      ...props,
    };
    const lines = Object.entries(all).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(propertiesOf(node), lines.join(''));
  }
  const users = secure ? [`SCRAM-SHA-512=[name=${secure.username},password=${secure.password}]`] : [];
  await format(nodes, classPath, users);

  function launch(node: Node): void {
    const args = [...jvm(BROKER_HEAP_MB, classPath), 'kafka.Kafka', propertiesOf(node)];
    node.process = startJava(args, join(node.home, 'broker.log'));
  }
  function nodeOf(broker: number): Node {
    const node = nodes[broker - 1];
    if (!node) throw new Error(`no broker ${broker}`);
    return node;
  }
  async function kill(node: Node): Promise<void> {
    node.process?.kill('SIGKILL');
    await node.process?.exited;
  }
  async function stop(): Promise<void> {
    await Promise.all(nodes.map(kill));
    rmSync(root, { recursive: true, force: true });
  }

  for (const node of nodes) launch(node);
  try {
    for (const node of nodes) await untilReady(node, count);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    brokers: nodes.map(({ port }) => `127.0.0.1:${port}`),
    proxiedBrokers: proxyPorts.map((port) => `127.0.0.1:${port}`),
    secureBrokers: secure ? nodes.map(({ secondPort }) => `127.0.0.1:${secondPort}`) : [],
    kill9: (broker) => kill(nodeOf(broker)),
    pause: async (broker) => nodeOf(broker).process?.pause(),
    resume: (broker) => nodeOf(broker).process?.kill('SIGCONT'),
    async restart(broker) {
      const node = nodeOf(broker);
      await kill(node);
      launch(node);
      const running = nodes.filter((each) => each.process?.isRunning()).length;
      await untilReady(node, running);
    },
    java: (mainClass, args, input) => runTool([...jvm(TOOL_HEAP_MB, classPath), mainClass, ...args], input),
    stop,
  };
}

interface Node {
  readonly id: number;
  readonly home: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly secondPort: number;
  process: JavaProcess | null;
}

function propertiesOf(node: Node): string {
  return join(node.home, 'server.properties');
}

function baseProperties(
  node: Node,
  voters: string,
  count: number,
): Record<string, string | number | boolean> {
  const replicas = Math.min(count, 3);
  const inSync = Math.max(1, replicas - 1);
  return {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': voters,
    listeners: `PLAINTEXT://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${node.port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(node.home, 'data'),
    'auto.create.topics.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': count === 1 ? 1 : 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'background.threads': 2,
    'log.cleaner.dedupe.buffer.size': 4 * 1024 * 1024,
    'log.retention.check.interval.ms': 1000,
    'log.segment.delete.delay.ms': 1000,
    'log.initial.task.delay.ms': 500,
    // A killed broker is let in again only when its session before has ended.
    'broker.session.timeout.ms': 1000,
    'broker.heartbeat.interval.ms': 200,
    'controlled.shutdown.enable': count > 1,
  };
}

function proxiedProperties(node: Node, proxyPort: number): Record<string, string> {
  const plain = `PLAINTEXT://127.0.0.1:${node.port}`;
  return {
    listeners: `${plain},PROXIED://127.0.0.1:${node.secondPort},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': `${plain},PROXIED://127.0.0.1:${proxyPort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT',
  };
}

function secureProperties(
  node: Node,
  { keyStore, keyStorePassword }: NonNullable<KafkaSettings['secure']>,
): Record<string, string> {
  const secure = `SECURE://127.0.0.1:${node.secondPort}`;
  const plain = `PLAINTEXT://127.0.0.1:${node.port}`;
  return {
    listeners: `${plain},${secure},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': `${plain},${secure}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
    'listener.name.secure.ssl.keystore.type': 'PKCS12',
    'listener.name.secure.ssl.keystore.location': keyStore,
    'listener.name.secure.ssl.keystore.password': keyStorePassword,
    'listener.name.secure.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.secure.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  };
}

async function format(nodes: readonly Node[], classPath: string, users: readonly string[]): Promise<void> {
  const clusterId = idWithoutDash();
  await Promise.all(
    nodes.map(async (node) => {
      const args = ['format', '-t', clusterId, '-c', propertiesOf(node)];
      for (const user of users) args.push('--add-scram', user);
      const tool = [...jvm(TOOL_HEAP_MB, classPath), 'kafka.tools.StorageTool', ...args];
      const process = startJava(tool, join(node.home, 'format.log'));
      if ((await process.exited) !== 0) throw new Error(`storage was not formatted: ${process.log()}`);
    }),
  );
}

/** A Kafka UUID; one that begins with a dash would be taken for an option. */
function idWithoutDash(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

async function untilReady(node: Node, count: number): Promise<void> {
  const deadline = Date.now() + READY_MS;
  const client = new Kafka({
    clientId: 'probe',
    brokers: [`127.0.0.1:${node.port}`],
    logLevel: logLevel.NOTHING,
    requestTimeout: 2000,
    retry: { retries: 0 },
  });
  for (;;) {
    if (!node.process?.isRunning()) throw new Error(`broker ${node.id} ended: ${node.process?.log() ?? ''}`);
    const admin = client.admin();
    try {
      await admin.connect();
      const { brokers, controller } = await admin.describeCluster();
      if (brokers.length >= count && controller !== null) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    } finally {
      await admin.disconnect();
    }
    await sleep(50);
  }
}

function runTool(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('java', args, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(stdout);
    });
    child.stdin?.end(input);
  });
}
