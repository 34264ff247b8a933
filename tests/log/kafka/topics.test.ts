import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { checkTopics, createTopics, type TopicsOptions } from '../../../services/log/kafka/topics';
import { startKafka, type KafkaCluster, TELEMETRY_RETENTION } from '../../support/kafka';
import { silent } from './support';

jest.setTimeout(60_000);

let kafka: KafkaCluster;
let options: TopicsOptions;
beforeAll(async () => {
  kafka = await startKafka();
  const connection = { brokers: kafka.brokers, clientId: 'test', logger: silent };
  options = { ...connection, partitions: 3, telemetry: TELEMETRY_RETENTION };
});
afterAll(() => kafka.stop());

const names = ['fleetmeter.lifecycle', 'fleetmeter.telemetry', 'fleetmeter.dead-letter'];

test('topics are missing, then created, then as they must be, then told what is wrong', async () => {
  const missing = names.map((topic) => ({ topic, problem: 'is missing; `fleetmeter topics` creates it' }));
  expect(await checkTopics(options)).toEqual({ kind: 'topics', created: [], problems: missing });
  expect(await createTopics(options)).toEqual({ kind: 'topics', created: names, problems: [] });
  expect(await createTopics(options)).toEqual({ kind: 'topics', created: [], problems: [] });
  expect(await checkTopics({ ...options, partitions: 4 })).toMatchObject({
    problems: names.map((topic) => ({
      topic,
      problem: expect.stringContaining('has 3 partitions, expected 4') as string,
    })),
  });

  const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: 'fleetmeter.lifecycle',
        configEntries: [
          { name: 'cleanup.policy', value: 'compact' },
          { name: 'retention.ms', value: '1000' },
          { name: 'max.message.bytes', value: '100000' },
        ],
      },
    ],
  });
  await admin.disconnect();
  const answer = await checkTopics(options);
  const problems =
    answer.kind === 'topics' ? answer.problems.map(({ topic, problem }) => `${topic} ${problem}`) : [];
  expect(problems.sort()).toEqual([
    'fleetmeter.lifecycle cleanup.policy is compact, expected delete',
    'fleetmeter.lifecycle max.message.bytes is 100000, expected 1048588',
    'fleetmeter.lifecycle message.timestamp.type is CreateTime, expected LogAppendTime',
    'fleetmeter.lifecycle retention.ms is 1000, expected -1',
  ]);
});

test('how long telemetry is kept, and how much of it where that is set, is checked', async () => {
  const problemsOf = async (telemetry: TopicsOptions['telemetry']): Promise<string[]> => {
    const answer = await checkTopics({ ...options, telemetry });
    if (answer.kind !== 'topics') throw new Error(answer.detail);
    return answer.problems.flatMap(({ topic, problem }) => (topic === names[1] ? [problem] : []));
  };
  expect(await problemsOf(TELEMETRY_RETENTION)).toEqual([]);
  expect(await problemsOf({ ageMs: 900_000, bytes: 500_000_000 })).toEqual([
    'retention.ms is 10800000, expected 900000',
    'retention.bytes is -1, expected 500000000',
    'segment.ms is 1800000, expected 150000',
    'segment.bytes is 1073741824, expected 83333333',
  ]);
});

test('a broker that is away is said to be', async () => {
  const answer = await checkTopics({ ...options, brokers: ['127.0.0.1:1'] });
  expect(answer).toMatchObject({
    kind: 'unavailable',
    detail: expect.stringContaining('Kafka at 127.0.0.1:1') as string,
  });
});
