import type { KafkaConnection } from '../log/kafka/client';
import { openKafkaLog } from '../log/kafka/log';
import { createTopics } from '../log/kafka/topics';
import type { EventLog } from '../log/port';
import type { Logger } from '../process/logger';
import { CommandError, EXIT } from './exit';
import type { KafkaSettings, Settings } from './settings';
import { whenThere } from './wait';

const GROUP = 'fleetmeter';

export function kafkaConnection({ brokers, sasl, tls }: KafkaSettings, logger: Logger): KafkaConnection {
  return {
    brokers,
    clientId: 'fleetmeter',
    logger,
    ...(sasl === undefined ? {} : { sasl }),
    ...(tls === undefined ? {} : { ssl: { ...tls, ...(tls.ca === undefined ? {} : { ca: [tls.ca] }) } }),
  };
}

/**
 * The log in Kafka; missing topics are created. Topics with other settings would break a promise: they are
 * refused.
 */
export async function openKafka(
  settings: KafkaSettings,
  { partitions, telemetryRetention: telemetry }: Pick<Settings, 'partitions' | 'telemetryRetention'>,
  logger: Logger,
): Promise<EventLog> {
  const connection = kafkaConnection(settings, logger);
  const problems = await whenThere('Kafka', logger, async () => {
    const answer = await createTopics({ ...connection, partitions, telemetry });
    return answer.kind === 'unavailable' ? answer : { kind: 'there', value: answer.problems };
  });
  if (problems.length > 0) {
    throw new CommandError(EXIT.no, problems.map(({ topic, problem }) => `${topic}: ${problem}`).join('\n'));
  }
  return openKafkaLog({ ...connection, groupId: GROUP, partitions });
}
