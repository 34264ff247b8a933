/** A bridge that writes into a real Kafka, which goes away: it says so, waits, and nothing is lost. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka, type KafkaCluster } from '../support/kafka';
import { runCommand, startCommand, until } from '../support/server';
import { finish, running } from './dstack-life';
import { startStandIn, TOKEN, type StandIn } from './stand-in';

jest.setTimeout(300_000);
const PATIENCE_MS = 120_000;

let dir: string;
let dstack: StandIn;
let kafka: KafkaCluster;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-bridge-'));
  writeFileSync(join(dir, 'token'), TOKEN);
  dstack = await startStandIn(Date.now() - 3_600_000);
  kafka = await startKafka();
});
afterAll(async () => {
  await Promise.all([kafka.stop(), dstack.close()]);
  rmSync(dir, { recursive: true, force: true });
});

test('what happens while Kafka is away is on the log when it is back, and the bridge is ready again', async () => {
  const settings = { FLEETMETER_KAFKA_BROKERS: kafka.brokers.join() };
  const of = ['--url', dstack.url, '--token-file', join(dir, 'token'), '--state', join(dir, 'state')];
  const before = running(dstack, 'before');
  const { said, kill } = startCommand(['bridge', 'dstack', ...of], settings);
  const untilSaid = (what: string): Promise<void> => until(() => said().includes(what), PATIENCE_MS, said);
  try {
    await untilSaid('the snapshot is on the log');
    await kafka.kill9(1);
    finish(dstack, before);
    await untilSaid('"the log takes no events"');
    running(dstack, 'meanwhile');
    await kafka.restart(1);
    await untilSaid('over: the log takes no events');
    const file = join(dir, 'log.ndjson');
    const finished = `"fleetmeter.run.finished.v1"`;
    await until(
      async () => {
        await runCommand(['events', 'export', file], settings);
        const log = readFileSync(file, 'utf8');
        return log.includes(finished) && log.includes('"meanwhile"');
      },
      PATIENCE_MS,
      said,
    );
    expect(said().match(/"the log takes no events"/g)).toHaveLength(1);
  } finally {
    await kill();
  }
});
