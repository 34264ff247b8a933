import { TELEMETRY_RETENTION } from '../../support/kafka';
import { randomUUID } from 'node:crypto';
import type { EventLog } from '../../../services/log/port';
import type { Logger } from '../../../services/log/kafka/client';
import { openKafkaLog } from '../../../services/log/kafka/log';
import { createTopics, type TopicNames } from '../../../services/log/kafka/topics';
import type { KafkaCluster } from '../../support/kafka';

export const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // Tests look at what the log does, not at what it says.
}

/** Topics of their own for a test, and logs of one consumer group on them. */
export interface TestTopics {
  readonly names: TopicNames;
  readonly groupId: string;
  /** With another count than the topics have, where one is given. */
  open(partitions?: number): EventLog;
}

export async function makeTopics(kafka: KafkaCluster, partitions: number): Promise<TestTopics> {
  const id = randomUUID().slice(0, 8);
  const names: TopicNames = {
    lifecycle: `test-${id}.lifecycle`,
    telemetry: `test-${id}.telemetry`,
    'dead-letter': `test-${id}.dead-letter`,
  };
  const connection = { brokers: kafka.brokers, clientId: 'test', logger: silent };
  const answer = await createTopics({
    ...connection,
    partitions,
    telemetry: TELEMETRY_RETENTION,
    topics: names,
  });
  if (answer.kind === 'unavailable') throw new Error(answer.detail);
  if (answer.problems.length > 0) throw new Error(JSON.stringify(answer.problems));
  const groupId = `test-${id}`;
  return {
    names,
    groupId,
    open: (count = partitions) => openKafkaLog({ ...connection, groupId, partitions: count, topics: names }),
  };
}
