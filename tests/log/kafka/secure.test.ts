import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KafkaConnection } from '../../../services/log/kafka/client';
import { openKafkaLog } from '../../../services/log/kafka/log';
import { checkTopics } from '../../../services/log/kafka/topics';
import { startKafka, type KafkaCluster, TELEMETRY_RETENTION } from '../../support/kafka';
import { runCommand } from '../../support/server';
import { failOnFatal, numbered, readAll, valuesOf } from '../contract';
import { openWitness } from '../owner';
import { until } from '../until';
import { makeTopics, silent, type TestTopics } from './support';

jest.setTimeout(120_000);

const sasl = { mechanism: 'scram-sha-512', username: 'fleet', password: 'a secret' } as const;
let kafka: KafkaCluster;
let topics: TestTopics;
let connection: KafkaConnection;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleetmeter-keys-'));
  const keyStore = join(folder, 'keys.p12');
  const keytool = (...args: string[]) =>
    execFileSync('keytool', [...args, '-alias', 'broker', '-keystore', keyStore, '-storepass', 'for-tests'], {
      stdio: 'ignore',
    });
  keytool(
    '-genkeypair',
    '-keyalg',
    'EC',
    '-dname',
    'CN=broker',
    '-ext',
    'san=ip:127.0.0.1',
    '-storetype',
    'PKCS12',
  );
  keytool('-exportcert', '-rfc', '-file', join(folder, 'ca.pem'));
  const { username, password } = sasl;
  kafka = await startKafka({ secure: { keyStore, keyStorePassword: 'for-tests', username, password } });
  topics = await makeTopics(kafka, 1);
  const ssl = { ca: readFileSync(join(folder, 'ca.pem'), 'utf8') };
  connection = { brokers: kafka.secureBrokers, clientId: 'test', logger: silent, sasl, ssl };
});
afterAll(async () => {
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('over TLS with SCRAM the log appends, delivers and reads', async () => {
  const log = openKafkaLog({ ...connection, groupId: topics.groupId, partitions: 1, topics: topics.names });
  expect(await log.append(numbered('lifecycle', 0, 10))).toEqual({ kind: 'appended' });
  const witness = openWitness();
  await log.own(witness.owner, failOnFatal);
  await until('all has come', () => witness.position('lifecycle', 0) === 10);
  expect((await readAll(log, 'lifecycle', 0)).map(({ value }) => value?.toString())).toEqual(
    valuesOf(numbered('lifecycle', 0, 10)),
  );
  await log.close();
});

test.each<[string, Partial<KafkaConnection>]>([
  ['a wrong password', { sasl: { ...sasl, password: 'another' } }],
  ['an authority that did not sign', { ssl: true }],
])('with %s, topics and bounds are unavailable', async (_name, wrong) => {
  const options = { ...connection, ...wrong, partitions: 1, topics: topics.names };
  expect(await checkTopics({ ...options, telemetry: TELEMETRY_RETENTION })).toMatchObject({
    kind: 'unavailable',
  });
  const log = openKafkaLog({ ...options, groupId: topics.groupId });
  expect(await log.bounds('lifecycle')).toMatchObject({ kind: 'unavailable' });
  await log.close();
});

test('a wrong password ends the delivery: to try again would not help', async () => {
  const wrong = { ...connection, sasl: { ...sasl, password: 'another' } };
  const log = openKafkaLog({ ...wrong, groupId: topics.groupId, partitions: 1, topics: topics.names });
  const fatal: Error[] = [];
  await log.own(openWitness().owner, (error) => fatal.push(error));
  await until('it is fatal', () => fatal.length > 0);
  expect(fatal[0]?.message).toContain('SCRAM');
  await log.close();
});

describe('as the settings have it', () => {
  const topicsWith = (password: string) =>
    runCommand(['topics'], {
      FLEETMETER_KAFKA_BROKERS: kafka.secureBrokers.join(','),
      FLEETMETER_KAFKA_SASL_MECHANISM: sasl.mechanism,
      FLEETMETER_KAFKA_SASL_USERNAME: sasl.username,
      FLEETMETER_KAFKA_SASL_PASSWORD: password,
      FLEETMETER_KAFKA_TLS_CA_FILE: join(folder, 'ca.pem'),
    });

  test('the command line signs in over TLS', async () => {
    expect(await topicsWith(sasl.password)).toMatchObject({ code: 0, stderr: '' });
  });

  test('a wrong password is told in one line, without the password', async () => {
    const { code, stderr } = await topicsWith('not it');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^.*SCRAM.*\n$/);
    expect(stderr).not.toContain('not it');
  });
});
