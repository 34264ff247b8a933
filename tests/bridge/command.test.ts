/**
 * `bridge dstack` as a process: into the server that runs here, with TLS of its own, and into a real Kafka.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { certify } from '../support/certificates';
import { startKafka, type KafkaCluster } from '../support/kafka';
import { runCommand, startServer, type Run, type Server } from '../support/server';
import { finish, running } from './dstack-life';
import { startStandIn, TOKEN, type StandIn } from './stand-in';

jest.setTimeout(120_000);

type Settings = Readonly<Record<string, string>>;

let dir: string;
let dstack: StandIn;
let kafka: KafkaCluster;
let server: Server;
let own: Settings;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-bridge-'));
  writeFileSync(join(dir, 'token'), TOKEN);
  certify(dir, { name: 'server' });
  const tls = {
    FLEETMETER_TLS_CERT_FILE: join(dir, 'server.crt'),
    FLEETMETER_TLS_KEY_FILE: join(dir, 'server.key'),
  };
  dstack = await startStandIn(Date.now() - 3_600_000);
  running(dstack, 'train');
  finish(dstack, running(dstack, 'fine-tune'), 'failed');
  const data = { FLEETMETER_DATA_DIR: join(dir, 'data') };
  [server, kafka] = await Promise.all([startServer({ ...tls, ...data }), startKafka()]);
  own = { ...tls, FLEETMETER_LISTEN: new URL(server.url).host };
});
afterAll(async () => {
  await Promise.all([server.kill(), kafka.stop(), dstack.close()]);
  rmSync(dir, { recursive: true, force: true });
});

function bridge(state: string, settings: Settings, ...more: string[]): Promise<Run> {
  const of = ['--url', dstack.url, '--token-file', join(dir, 'token'), '--source', '/dstack/test'];
  return runCommand(['bridge', 'dstack', ...of, '--state', join(dir, state), ...more], settings);
}

/** Our page of dstack's families, as of dstack's clock. */
async function pageOfDstack(): Promise<string> {
  const ca = readFileSync(join(dir, 'server.crt'));
  const at = new Date(Math.floor(dstack.nowMicros() / 1000)).toISOString();
  const page = await new Promise<string>((resolve, reject) => {
    const answered = get(`${server.url.replace('http:', 'https:')}/metrics?at=${at}`, { ca }, (response) =>
      resolve(text(response)),
    );
    answered.on('error', reject);
  });
  const lines = page.split('\n').filter((line) => line.startsWith('dstack_'));
  return `${lines.join('\n')}\n`;
}

/** What stands on a log, without the times at which it came there. */
async function exported(file: string, settings: Settings): Promise<unknown[]> {
  const run = await runCommand(['events', 'export', join(dir, file)], settings);
  expect([run.code, run.stderr]).toEqual([0, expect.anything()]);
  const lines = readFileSync(join(dir, file), 'utf8').trim().split('\n');
  return lines
    .map((line) => ({ ...(JSON.parse(line) as { readonly id: string }), recordedtime: '' }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

test('a server with TLS: the snapshot is on its log, and --compare finds both pages the same', async () => {
  expect(await bridge('tls', own, '--once')).toMatchObject({ code: 0 });
  dstack.pass(Date.now() / 1000 + 60 - dstack.nowMicros() / 1e6);
  dstack.page = await pageOfDstack();
  const same = await bridge('tls', own, '--compare');
  expect([same.code, same.stderr]).toEqual([0, '']);
  expect(same.stdout).toMatch(/^[1-9]\d* series are the same$/m);
});

test('into Kafka come the same events as into the server, once more when the state is lost, and nothing else', async () => {
  const brokers = { FLEETMETER_KAFKA_BROKERS: kafka.brokers.join() };
  expect(await bridge('kafka', brokers, '--once')).toMatchObject({ code: 0 });
  const inKafka = await exported('kafka.ndjson', brokers);
  expect(inKafka.length).toBeGreaterThan(20);
  expect(await bridge('kafka-again', brokers, '--once')).toMatchObject({ code: 0 });
  expect(await exported('kafka-again.ndjson', brokers)).toEqual(inKafka);
  expect(await bridge('own-again', own, '--once')).toMatchObject({ code: 0 });
  await server.terminate();
  const dead = await runCommand(['dead-letters', 'list'], { FLEETMETER_DATA_DIR: join(dir, 'data') });
  expect(dead).toMatchObject({ code: 0, stdout: expect.stringMatching(/^no dead letters/) as string });
  expect(await exported('own.ndjson', { FLEETMETER_DATA_DIR: join(dir, 'data') })).toEqual(inKafka);
});

test.each<[string, (response: ServerResponse) => void, RegExp]>([
  [
    '403',
    (r) => r.writeHead(403).end('{"detail":{"msg":"Invalid token"}}'),
    /answered 403: the token is wrong, was revoked/,
  ],
  [
    '422',
    (r) => r.writeHead(422).end('{"detail":"PLANTED"}'),
    /answered 422: .* its version may be another one/,
  ],
  ['500', (r) => r.writeHead(500).end('PLANTED'), /answered 500/],
  ['half a JSON', (r) => r.end('[{"id":"PLANTED'), /no JSON, or was cut off/],
  ['a closed connection', (r) => r.destroy(), /events\/list/],
])('%s: one line that says what is wrong, and exit code 3', async (_, answer, line) => {
  dstack.fault = (_path, response) => {
    answer(response);
    return true;
  };
  const { code, stderr } = await bridge('fault', own, '--once');
  dstack.fault = undefined;
  const said = stderr.trim().split('\n');
  expect([code, said]).toEqual([3, [expect.stringMatching(line)]]);
  expect(stderr).not.toContain('PLANTED');
});
