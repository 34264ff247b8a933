/** Liveness, readiness and the process's own metrics, over HTTP. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { singleTokens } from '../../services/http/access';
import { pino } from 'pino';
import {
  limitByAddress,
  openServer,
  processRoutes,
  type HttpServer,
  type Readiness,
} from '../../services/cli/server';
import { openProcessMetrics } from '../../services/process/metrics';
import { until } from '../support/server';

const TROUBLES = new Map<string, string>();
const READINESS: Readiness = new Map(
  ['gateway', 'exporter'].map((role) => [role, () => Promise.resolve(TROUBLES.get(role))]),
);

let server: HttpServer;
beforeEach(async () => {
  TROUBLES.clear();
  const metrics = openProcessMetrics();
  metrics.eventsAccepted.inc(7);
  const routes = processRoutes(READINESS, metrics, singleTokens({ scrape: 'sesame', admin: 'sesame' }));
  server = await openServer({ listen: { host: '127.0.0.1', port: 0 } }, [routes], pino({ level: 'silent' }));
});
afterEach(() => server.close());

async function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<[number, string]> {
  const response = await fetch(server.url + path, { headers });
  return [response.status, await response.text()];
}

test('it is alive, ready or not', async () => {
  TROUBLES.set('gateway', 'the log is away');
  expect(await get('/-/healthy')).toEqual([200, 'ok\n']);
});

test('it is ready when each of its roles is', async () => {
  expect(await get('/-/ready')).toEqual([200, 'gateway: ready\nexporter: ready\n']);
  TROUBLES.set('gateway', 'the log is away');
  expect(await get('/-/ready')).toEqual([503, 'gateway: the log is away\nexporter: ready\n']);
  expect(await get('/-/ready?role=exporter')).toEqual([200, 'exporter: ready\n']);
  expect(await get('/-/ready?role=gateway')).toEqual([503, 'gateway: the log is away\n']);
});

test('of a role that it does not run it says so', async () => {
  const [status, body] = await get('/-/ready?role=aggregator');
  expect([status, JSON.parse(body)]).toMatchObject([400, { reason: 'invalid_query' }]);
  expect(body).toContain('aggregator, expected one of gateway, exporter');
});

test('its own metrics are for who may scrape', async () => {
  expect((await get('/metrics/process'))[0]).toBe(401);
  const [status, body] = await get('/metrics/process', { authorization: 'Bearer sesame' });
  expect(status).toBe(200);
  expect(body).toContain('\nfleetmeter_process_events_accepted_total 7\n');
  expect(body).toContain('\nprocess_cpu_seconds_total ');
  const names = [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  expect(names.filter((name) => !/^(fleetmeter_process_|nodejs_|process_)/.test(name))).toEqual([]);
});

test('what is asked for while it closes is answered, though its client keeps the connection', async () => {
  let isAsked: () => void = () => undefined;
  let answer: (trouble: undefined) => void = () => undefined;
  const asked = new Promise<void>((resolve) => (isAsked = resolve));
  const slow: Readiness = new Map([
    [
      'gateway',
      () =>
        new Promise<undefined>((resolve) => {
          answer = resolve;
          isAsked();
        }),
    ],
  ]);
  const routes = processRoutes(slow, openProcessMetrics(), singleTokens({}));
  const closing = await openServer(
    { listen: { host: '127.0.0.1', port: 0 } },
    [routes],
    pino({ level: 'silent' }),
  );
  const response = fetch(`${closing.url}/-/ready`);
  await asked;
  const closed = closing.close();
  answer(undefined);
  expect((await response).status).toBe(200);
  await closed;
  await expect(fetch(`${closing.url}/-/healthy`)).rejects.toThrow();
});

test('an address gets so many connections, and another when one is closed', async () => {
  const listener = createServer((socket) => socket.on('error', () => undefined));
  limitByAddress(listener, 2);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  const [first, second] = [await open(), await open()];
  const third = await open();
  await once(third.resume(), 'close');
  expect([first.destroyed, second.destroyed]).toEqual([false, false]);
  first.destroy();
  await until(
    async () => {
      const socket = await open();
      const stays = await Promise.race([once(socket.resume(), 'close').then(() => false), delay(100, true)]);
      socket.destroy();
      return stays;
    },
    10_000,
    () => 'no connection is taken again',
  );
  second.destroy();
  await new Promise((resolve) => listener.close(resolve));
});
