import { startKafka, type KafkaCluster } from '../support/kafka';
import type { EventLog } from '../../services/log/port';
import { describeEventLog, failOnFatal, numbered, readAll, valuesOf } from './contract';
import { makeTopics } from './kafka/support';
import { openWitness } from './owner';
import { until } from './until';

jest.setTimeout(120_000);

let kafka: KafkaCluster;
const opened: EventLog[] = [];

beforeAll(async () => {
  kafka = await startKafka();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((log) => log.close()));
});
afterAll(() => kafka.stop());

describeEventLog('Kafka', async (partitions) => {
  const topics = await makeTopics(kafka, partitions);
  return { open: () => Promise.resolve(topics.open()) };
});

describe('owners of one group', () => {
  const PARTITIONS = 6;
  const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);

  test('share the partitions, and hand them on without a record missed or repeated', async () => {
    const topics = await makeTopics(kafka, PARTITIONS);
    // Where the owners' state would be: what either has taken, both know.
    const positions = all.map(() => ({ lifecycle: 0, telemetry: 0 }));
    const taken: string[] = [];
    const join = async () => {
      const log = topics.open();
      opened.push(log);
      const witness = openWitness({
        begin: (partition) => ({ ...(positions[partition] ?? { lifecycle: 0, telemetry: 0 }) }),
        records: ({ topic, partition, records, next }) => {
          const position = positions[partition];
          if (!position || (records[0]?.offset ?? next) < position[topic]) return 'lost';
          position[topic] = next;
          taken.push(...records.map(({ value }) => value?.toString() ?? ''));
          return records.length;
        },
      });
      return { log, witness, owning: await log.own(witness.owner, failOnFatal) };
    };
    const sent: string[] = [];
    const send = async (log: EventLog) => {
      for (const partition of all) {
        for (const topic of ['lifecycle', 'telemetry'] as const) {
          const records = numbered(topic, partition, 20, sent.length);
          sent.push(...valuesOf(records));
          expect(await log.append(records)).toEqual({ kind: 'appended' });
        }
      }
    };

    const first = await join();
    await send(first.log);
    await until('the first owns all', () => first.owning.owned().length === PARTITIONS);
    const second = await join();
    await send(first.log);
    await until('they share', () => first.owning.owned().length === 3 && second.owning.owned().length === 3);
    await send(first.log);
    expect([...first.owning.owned(), ...second.owning.owned()].sort()).toEqual(all);
    await until('the parted partitions have ended', () => first.witness.ends.length >= 3);
    const kept = first.owning.owned();
    expect(first.witness.begins.filter((partition) => kept.includes(partition))).toHaveLength(kept.length);

    await second.owning.close();
    await send(first.log);
    await until('the first owns all again', () => first.owning.owned().length === PARTITIONS);
    await until('all has come', () => taken.length >= sent.length);
    expect([...taken].sort()).toEqual([...sent].sort());
    expect([...first.witness.faults, ...second.witness.faults]).toEqual([]);
  });

  test('a new member of the group begins where the owner says, whatever was committed to Kafka', async () => {
    const topics = await makeTopics(kafka, 1);
    const log = topics.open();
    opened.push(log);
    const witness = openWitness();
    const owning = await log.own(witness.owner, failOnFatal);
    await log.append(numbered('lifecycle', 0, 10));
    await until('all has come', () => witness.position('lifecycle', 0) === 10);
    owning.committed(0, { lifecycle: 7, telemetry: 0 });
    await owning.close();
    const groups = await kafka.java('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', [
      ...['--bootstrap-server', kafka.brokers.join(), '--describe', '--group', topics.groupId],
    ]);
    expect(groups).toMatch(new RegExp(`${topics.names.lifecycle}\\s+0\\s+7\\s+10\\s+3`));

    const next = openWitness({ begin: () => ({ lifecycle: 2, telemetry: 0 }) });
    await log.own(next.owner, failOnFatal);
    await until('the rest has come', () => next.position('lifecycle', 0) === 10);
    expect(next.taken('lifecycle', 0)).toEqual(valuesOf(numbered('lifecycle', 0, 8, 2)));
  });

  test('another partition count ends the delivery', async () => {
    const topics = await makeTopics(kafka, 2);
    const log = topics.open(3);
    opened.push(log);
    const fatal: string[] = [];
    await log.own(openWitness().owner, (error) => fatal.push(error.message));
    await until('it is fatal', () => fatal.length > 0);
    expect(fatal).toEqual([expect.stringContaining('has 2 partitions, 3 were expected')]);
    expect(await log.bounds('lifecycle')).toMatchObject({ kind: 'unavailable' });
  });
});

describe('a broker that is away', () => {
  test('appends and bounds answer so, delivery waits, and all goes on when it is back', async () => {
    const topics = await makeTopics(kafka, 2);
    const log = topics.open();
    opened.push(log);
    const witness = openWitness();
    await log.append(numbered('lifecycle', 0, 5));
    const owning = await log.own(witness.owner, failOnFatal);
    await until('it is delivered', () => witness.position('lifecycle', 0) === 5);

    await kafka.kill9(1);
    const away = await Promise.all([log.append(numbered('lifecycle', 0, 5, 5)), log.bounds('lifecycle')]);
    expect(away).toMatchObject([{ kind: 'unavailable' }, { kind: 'unavailable' }]);
    const lastFetchAtMs = owning.lastFetchAtMs();
    await expect(readAll(log, 'lifecycle', 0)).rejects.toThrow('not read');

    await kafka.restart(1);
    await until(
      'it takes appends',
      async () => (await log.append(numbered('lifecycle', 1, 1))).kind === 'appended',
    );
    await log.append(numbered('lifecycle', 0, 5, 10));
    await until('it fetches', () => owning.lastFetchAtMs() > lastFetchAtMs);
    await until('all has come', () => witness.taken('lifecycle', 0).includes('lifecycle-0-14'));
    const records = await readAll(log, 'lifecycle', 0);
    expect(witness.taken('lifecycle', 0)).toEqual(records.map(({ value }) => value?.toString()));
    expect(witness.faults).toEqual([]);
  });

  test('a broker that hangs: appends answer so, and what is appended after it is on the log', async () => {
    const topics = await makeTopics(kafka, 1);
    const log = topics.open();
    opened.push(log);
    expect(await log.append(numbered('lifecycle', 0, 1))).toEqual({ kind: 'appended' });
    await kafka.pause(1);
    const lost = await log.append(numbered('lifecycle', 0, 1, 1));
    kafka.resume(1);
    expect(lost).toMatchObject({ kind: 'unavailable' });
    expect(await log.append(numbered('lifecycle', 0, 1, 2))).toEqual({ kind: 'appended' });
    const values = (await readAll(log, 'lifecycle', 0)).map(({ value }) => value?.toString());
    expect(values).toEqual(expect.arrayContaining(['lifecycle-0-0', 'lifecycle-0-2']));
  });
});
