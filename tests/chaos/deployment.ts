import pino from 'pino';
import { openKafkaLog } from '../../services/log/kafka/log';
import { createTopics } from '../../services/log/kafka/topics';
import type { EventLog } from '../../services/log/port';
import { type KafkaCluster, TELEMETRY_RETENTION } from '../support/kafka';
import { startServer, type Server } from '../support/server';
import { compareWithLog } from './comparison';
import { residentMb } from './resident';
import { startPrometheus, type Prometheus } from './prometheus';

export type Settings = Readonly<Record<string, string>>;

/** Aggregators and exporters as processes of their own, on a log and a store. */
export interface Deployment {
  readonly partitions: number;
  readonly settings: Settings;
  /** For the load. */
  readonly log: EventLog;
  readonly prometheus: Prometheus;
  /** As many rebalances as the aggregators have told of. */
  rebalances(): number;
  /** kill -9, and another one in its place at once. */
  killAggregator(number: number): Promise<void>;
  killExporter(number: number): Promise<void>;
  /** Of the aggregator that holds most. */
  residentMb(): Promise<number>;
  /** What the aggregators say of themselves, for whoever looks into a standstill. */
  diagnosis(): Promise<string>;
  /** Series in which a page as of one moment is not what the log says, a line each. */
  differences(): Promise<string[]>;
  stop(): Promise<void>;
}

export interface DeploymentOptions {
  readonly kafka: Pick<KafkaCluster, 'brokers'>;
  readonly redisUrl: string;
  readonly aggregators?: number;
  /** Where the aggregators find Kafka and Redis, where that is elsewhere. */
  readonly aggregatorSettings?: Settings;
}

const PARTITIONS = 4;
const EXPORTERS = 2;
/** Short, so that within a run entities settle into the totals and samples end. */
const LEDGER = {
  FLEETMETER_LATENESS_SECONDS: '15',
  FLEETMETER_DEDUPE_SECONDS: '7200',
  FLEETMETER_SAMPLE_TTL_SECONDS: '5',
};

export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { kafka, redisUrl, aggregators: count = 2, aggregatorSettings = {} } = options;
  const logger = pino({ level: 'silent' });
  const connection = { brokers: kafka.brokers, clientId: 'chaos', logger, partitions: PARTITIONS };
  const topics = await createTopics({ ...connection, telemetry: TELEMETRY_RETENTION });
  if (topics.kind === 'unavailable') throw new Error(topics.detail);
  const settings: Settings = {
    ...LEDGER,
    FLEETMETER_KAFKA_BROKERS: kafka.brokers.join(','),
    FLEETMETER_REDIS_URL: redisUrl,
    FLEETMETER_PARTITIONS: String(PARTITIONS),
  };
  const said: (() => string)[] = [];
  const startAggregator = async (): Promise<Server> => {
    const level = { FLEETMETER_LOG_LEVEL: 'info' };
    const server = await startServer({
      ...settings,
      ...aggregatorSettings,
      ...level,
      FLEETMETER_ROLES: 'aggregator',
    });
    said.push(() => server.said());
    return server;
  };
  const startExporter = (): Promise<Server> => startServer({ ...settings, FLEETMETER_ROLES: 'exporter' });

  const aggregators = await Promise.all(Array.from({ length: count }, startAggregator));
  const exporters = await Promise.all(Array.from({ length: EXPORTERS }, startExporter));
  const urls = (): string[] => exporters.map(({ url }) => url);
  const prometheus = startPrometheus(urls);
  const log = openKafkaLog({ ...connection, groupId: 'chaos' });

  async function replace(servers: Server[], number: number, start: () => Promise<Server>): Promise<void> {
    await servers[number]?.kill();
    servers[number] = await start();
  }

  return {
    partitions: PARTITIONS,
    settings,
    log,
    prometheus,
    rebalances: () => new Set(said.flatMap((text) => assignments(text()))).size,
    killAggregator: (number) => replace(aggregators, number, startAggregator),
    killExporter: (number) => replace(exporters, number, startExporter),
    residentMb: async () => Math.max(...(await Promise.all(aggregators.map(residentMb)))),
    diagnosis: async () => (await Promise.all(aggregators.map(diagnosisOf))).join('\n'),
    differences: () => compareWithLog(urls(), settings),
    async stop() {
      await prometheus.stop();
      await Promise.all([...aggregators, ...exporters].map((server) => server.kill()));
      await log.close();
    },
  };
}

async function diagnosisOf(server: Server): Promise<string> {
  const metrics = await fetch(`${server.url}/metrics/process`).then(
    (response) => response.text(),
    (error: unknown) => String(error),
  );
  const figures = metrics
    .split('\n')
    .filter((line) => /^fleetmeter_process_(page_age|consumer_lag|owned|commits)/.test(line));
  return [server.url, ...figures, server.said().slice(-3000)].join('\n');
}

/**
 * When partitions were assigned, to some seconds: members of the group hear of one rebalance within a moment.
 */
function assignments(said: string): number[] {
  return said.split('\n').flatMap((line) => {
    const time = line.includes('partitions assigned') ? /"time":"([^"]+)"/.exec(line)?.[1] : undefined;
    return time === undefined ? [] : [Math.floor(Date.parse(time) / 2000)];
  });
}
