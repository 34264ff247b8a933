import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf } from '../../../events/routing';
import { startKafka, type KafkaCluster } from '../../support/kafka';
import { startRedis } from '../../support/redis';
import { startServer, type Server } from '../../support/server';
import { residentMb } from '../resident';
import { withLab } from '../lab';
import type { Options } from '../suite';
import { printTable } from '../table';

const SENDERS = 48;
const EVENTS_A_REQUEST = 1000;
/**
 * What a gateway may hold (256 MiB of bodies, 64 MiB on their way to Kafka), their copies, and Node.js
 * itself.
 */
const GATEWAY_MB = 1200;
const AGGREGATOR_MB = 500;
const RECOVERY_MS = 180_000;

/** A log that hangs under a gateway, and a store that hangs under an aggregator. Options: `seconds`. */
export async function run(options: Options): Promise<readonly string[]> {
  const seconds = options.get('seconds') ?? 30;
  return [...(await gatewayWithoutLog(seconds)), ...(await aggregatorWithoutStore(seconds))];
}

interface Answers {
  readonly byStatus: Map<number, number>;
  withoutRetryAfter: number;
}

async function gatewayWithoutLog(seconds: number): Promise<string[]> {
  const kafka: KafkaCluster = await startKafka({ brokers: 1 });
  const server = await startServer({
    FLEETMETER_ROLES: 'gateway',
    FLEETMETER_KAFKA_BROKERS: kafka.brokers.join(','),
    FLEETMETER_PARTITIONS: '4',
  });
  try {
    const answers: Answers = { byStatus: new Map(), withoutRetryAfter: 0 };
    await flood(server, 5, answers);
    const wellMb = await residentMb(server);
    await kafka.pause(1);
    const [, mostMb] = await Promise.all([flood(server, seconds, answers), mostResidentMb(server, seconds)]);
    kafka.resume(1);
    const resumedMs = Date.now();
    while ((await send(server, answers)) !== 202 && Date.now() < resumedMs + RECOVERY_MS) await delay(200);
    const recoveryMs = Date.now() - resumedMs;
    printTable(
      `A gateway whose log hangs for ${seconds} s, ${SENDERS} senders`,
      ['202', '429', '503', 'other', 'without retry-after', 'RSS before', 'RSS at most', '202 again after'],
      [
        [
          ...[202, 429, 503].map((status) => String(answers.byStatus.get(status) ?? 0)),
          String(
            [...answers.byStatus].reduce(
              (sum, [status, n]) => sum + ([202, 429, 503].includes(status) ? 0 : n),
              0,
            ),
          ),
          String(answers.withoutRetryAfter),
          `${wellMb} MB`,
          `${mostMb} MB`,
          `${(recoveryMs / 1000).toFixed(1)} s`,
        ],
      ],
    );
    return [
      ...(answers.withoutRetryAfter > 0
        ? [`${answers.withoutRetryAfter} answers 429 or 503 without retry-after`]
        : []),
      ...((answers.byStatus.get(503) ?? 0) === 0 ? ['no answer 503 while the log hung'] : []),
      ...(mostMb > GATEWAY_MB ? [`the gateway held ${mostMb} MB, more than ${GATEWAY_MB}`] : []),
      ...(recoveryMs >= RECOVERY_MS ? ['the gateway did not take events again'] : []),
    ];
  } finally {
    await server.kill();
    await kafka.stop();
  }
}

/** The most of it in so many seconds. */
async function mostResidentMb(server: Server, seconds: number): Promise<number> {
  let most = 0;
  const endMs = Date.now() + seconds * 1000;
  while (Date.now() < endMs) {
    most = Math.max(most, await residentMb(server));
    await delay(250);
  }
  return most;
}

async function flood(server: Server, seconds: number, answers: Answers): Promise<void> {
  const endMs = Date.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      while (Date.now() < endMs) await send(server, answers);
    }),
  );
}

let sent = 0;

async function send(server: Server, answers: Answers): Promise<number> {
  const lines = Array.from({ length: EVENTS_A_REQUEST }, () => {
    const data = { run: { id: `r${sent % 997}` }, job: { id: 'j' }, status: 'running' };
    const event = {
      specversion: '1.0',
      id: `e${sent++}`,
      source: '/flood',
      type: 'fleetmeter.job.status_changed.v1',
    };
    return JSON.stringify({ ...event, time: new Date().toISOString(), data });
  });
  const response = await fetch(`${server.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  await response.arrayBuffer();
  const { status } = response;
  answers.byStatus.set(status, (answers.byStatus.get(status) ?? 0) + 1);
  if ((status === 503 || status === 429) && response.headers.get('retry-after') === null)
    answers.withoutRetryAfter++;
  if (status !== 202) await delay(50);
  return status;
}

async function aggregatorWithoutStore(seconds: number): Promise<string[]> {
  const redis = await startRedis(['maxmemory-policy noeviction']);
  try {
    return await withLab({ redisUrl: redis.url, seed: 1 }, async ({ deployment, load }) => {
      const { prometheus, log, partitions } = deployment;
      await prometheus.pageAsOf(Date.now(), RECOVERY_MS);
      const wellMb = await deployment.residentMb();
      redis.freeze();
      const endMs = Date.now() + seconds * 1000;
      let appended = 0;
      let mostMb = wellMb;
      while (Date.now() < endMs) {
        const records = Array.from({ length: 2000 }, (_, n) => {
          const run = { id: `b${appended + n}`, name: 'b', type: 'task' };
          const event = {
            specversion: '1.0',
            id: `b${appended + n}`,
            source: '/b',
            type: 'fleetmeter.run.submitted.v1',
          };
          const value = { ...event, time: new Date().toISOString(), data: { project: 'p', user: 'u', run } };
          return { run, value: Buffer.from(JSON.stringify(value)) };
        });
        await log.append(
          records.map(({ run, value }) => ({
            topic: 'lifecycle',
            key: run.id,
            partition: partitionOf(run.id, partitions),
            value,
          })),
        );
        appended += records.length;
        mostMb = Math.max(mostMb, await deployment.residentMb());
        await delay(200);
      }
      redis.thaw();
      const thawedMs = Date.now();
      const shownMs = await prometheus.pageAsOf(thawedMs, RECOVERY_MS);
      await load.pause();
      const differences = await deployment.differences();
      printTable(
        `An aggregator whose store hangs for ${seconds} s`,
        ['events meanwhile', 'RSS before', 'RSS at most', 'a page of now after', 'differences', 'decreases'],
        [
          [
            String(appended),
            `${wellMb} MB`,
            `${mostMb} MB`,
            `${((shownMs - thawedMs) / 1000).toFixed(1)} s`,
            String(differences.length),
            String(prometheus.fallen.length),
          ],
        ],
      );
      const held =
        mostMb > AGGREGATOR_MB ? [`an aggregator held ${mostMb} MB, more than ${AGGREGATOR_MB}`] : [];
      return [...held, ...differences, ...prometheus.fallen];
    });
  } finally {
    await redis.stop();
  }
}
