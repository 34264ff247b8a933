/** There and back between an embedded log and a real Kafka with another number of partitions. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadLetterKey, deadLetterOf } from '../../events/dead-letter';
import { partitionOf, TOPIC_NAMES } from '../../events/routing';
import { exportEvents, importEvents } from '../../services/cli/commands/events';
import { listLetters, redriveLetters } from '../../services/cli/commands/dead-letters';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS, validHistory } from '../support/history';
import { startKafka, type KafkaCluster } from '../support/kafka';
import { ran, settingsOf, withOpenLog } from './command';

let kafka: KafkaCluster;
let dir: string;

beforeAll(async () => {
  kafka = await startKafka();
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-archive-'));
}, 120_000);

afterAll(async () => {
  await kafka.stop();
  rmSync(dir, { recursive: true, force: true });
});

const inKafka = () =>
  settingsOf({
    FLEETMETER_KAFKA_BROKERS: kafka.brokers.join(),
    FLEETMETER_PARTITIONS: '3',
    FLEETMETER_LOG_LEVEL: 'silent',
  });

function eventsIn(name: string): string[] {
  return readFileSync(join(dir, name), 'utf8').trimEnd().split('\n');
}

test('every event goes there and comes back, and the pages are the same to the byte', async () => {
  const embedded = (name: string) => settingsOf({ FLEETMETER_DATA_DIR: join(dir, name) });
  const lines = validHistory(31, 1500).map((event) => JSON.stringify(event));
  writeFileSync(join(dir, 'events.ndjson'), lines.join('\n'));
  const file = (name: string): string => join(dir, name);
  const steps = [
    () => importEvents(file('events.ndjson'), { resume: false }, embedded('a')),
    () => exportEvents(file('a.ndjson'), embedded('a')),
    () => importEvents(file('a.ndjson'), { resume: false }, inKafka()),
    () => exportEvents(file('kafka.ndjson'), inKafka()),
    () => importEvents(file('kafka.ndjson'), { resume: false }, embedded('b')),
    () => exportEvents(file('b.ndjson'), embedded('b')),
  ];
  for (const step of steps) expect(await ran(step)).toMatchObject({ code: 0 });
  const names = ['a.ndjson', 'kafka.ndjson', 'b.ndjson'];
  expect(eventsIn('a.ndjson').length).toBeGreaterThan(1000);
  for (const name of names) expect(eventsIn(name).toSorted()).toEqual(eventsIn('a.ndjson').toSorted());
  for (const atMs of [undefined, Date.UTC(2026, 10, 24, 9, 30), Date.UTC(2026, 11, 1)]) {
    const pages = names.map((name) => pageOf(foldLines(eventsIn(name), DEFAULT_SETTINGS, atMs)));
    expect(new Set(pages).size).toBe(1);
  }
  const again = await ran(() => importEvents(file('a.ndjson'), { resume: false }, inKafka()));
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('is not empty') as string });
  const resumed = await ran(() => importEvents(file('a.ndjson'), { resume: true }, inKafka()));
  expect(resumed).toMatchObject({ code: 0, err: expect.stringContaining('0 came after them') as string });
}, 120_000);

test('dead letters are listed once, and their records sent again once', async () => {
  const event = {
    specversion: '1.0',
    id: 'old',
    source: '/s',
    type: 'fleetmeter.run.status_changed.v1',
    time: '2020-01-01T00:00:00Z',
    data: { run: { id: 'r-old' }, status: 'running' },
  };
  const record = {
    topic: 'lifecycle',
    key: 'r-old',
    partition: 0,
    value: Buffer.from(JSON.stringify(event)),
  } as const;
  const lifecycleEnd = (): Promise<number> =>
    withOpenLog(inKafka(), async (log) => {
      const bounds = await log.bounds('lifecycle');
      return bounds.kind === 'bounds' ? (bounds.partitions[0]?.end ?? 0) : NaN;
    });
  const offset = await lifecycleEnd();
  await withOpenLog(inKafka(), async (log) => {
    await log.append([record]);
    const refused = {
      ...record,
      topic: TOPIC_NAMES.lifecycle,
      key: Buffer.from(record.key),
      offset,
      appendTimeMs: 0,
    };
    const letter = deadLetterOf(refused, 'too_late', 'it is old');
    const value = Buffer.from(JSON.stringify(letter));
    const key = deadLetterKey(letter);
    const forward = { topic: 'dead-letter', key, partition: partitionOf(key, 3), value } as const;
    await log.append([forward, forward]);
  });
  const id = `${TOPIC_NAMES.lifecycle}/0/${offset}`;
  const options = { limit: 10, json: false };
  const listed = await ran(() => listLetters(options, inKafka()));
  expect(listed.out.split('\n').filter((line) => line.startsWith(id))).toHaveLength(1);
  const all = { all: true };
  expect(await ran(() => redriveLetters([], all, inKafka()))).toMatchObject({
    code: 0,
    out: '1 sent again, to be judged again\n',
  });
  expect(await lifecycleEnd()).toBe(offset + 2);
  expect((await ran(() => redriveLetters([], all, inKafka()))).out).toContain(
    '1 had already been sent again',
  );
  expect(await lifecycleEnd()).toBe(offset + 2);
}, 60_000);
