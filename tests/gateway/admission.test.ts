import { sha256, singleTokens } from '../../services/http/access';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { STRUCTURED, NDJSON, goodEvent } from './support/events';
import { NOW_MS, exchange, startGateway, type TestGateway } from './support/server';

let gateway: TestGateway;
afterEach(() => gateway.close());

const PATH = '/v1/events';
const good = JSON.stringify(goodEvent('good'));

describe('the token', () => {
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  beforeEach(async () => (gateway = await startGateway({ access: singleTokens({ ingest: 's3cret' }) })));

  test.each([['Bearer s3cret'], ['bearer  s3cret'], [basic('user:s3cret')], [basic(':s3cret')]])(
    '%s is let in',
    async (authorization) => {
      expect((await gateway.post(PATH, good, { ...STRUCTURED, authorization })).status).toBe(202);
    },
  );

  test.each([
    ['no_token', undefined],
    ['no_token', 's3cret'],
    ['no_token', 'Bearer'],
    ['no_token', 'Digest s3cret'],
    ['no_token', basic('s3cret')],
    ['wrong_token', 'Bearer s3cre'],
    ['wrong_token', 'Bearer s3cret2'],
    ['wrong_token', 'Bearer S3CRET'],
    ['wrong_token', basic('s3cret:x')],
  ])('%s for %s', async (reason, authorization) => {
    for (const path of [PATH, '/v1/telemetry/dcgm?instance=i']) {
      const headers = authorization === undefined ? STRUCTURED : { ...STRUCTURED, authorization };
      const answer = await gateway.post(path, good, headers);
      expect([answer.status, answer.body.reason]).toEqual([401, reason]);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm=/);
    }
    expect(gateway.log.records).toEqual([]);
    expect(gateway.counts.get(`refused 401 ${reason}`)).toBe(2);
    expect(gateway.logged.join()).not.toContain('s3cret');
  });
});

describe('without a token', () => {
  beforeEach(async () => (gateway = await startGateway()));

  test("another site's page in a browser is not let in, whoever else is", async () => {
    const answer = await gateway.post('/v1/telemetry/dcgm?instance=i', 'a 1', {
      'sec-fetch-site': 'cross-site',
    });
    expect([answer.status, answer.body.reason]).toEqual([403, 'cross_site']);
    expect(gateway.log.records).toEqual([]);
    expect((await gateway.post(PATH, good, { ...STRUCTURED, 'sec-fetch-site': 'same-origin' })).status).toBe(
      202,
    );
  });

  test('other methods and paths are answered in JSON', async () => {
    const wrongMethod = await gateway.send('GET', PATH);
    expect([wrongMethod.status, wrongMethod.headers.allow]).toEqual([405, 'POST']);
    expect(wrongMethod.body.reason).toBe('wrong_method');
    expect(await gateway.send('GET', '/nowhere')).toMatchObject({
      status: 404,
      body: { reason: 'not_found' },
    });
    expect((await gateway.send('DELETE', '/v1/telemetry/dcgm')).status).toBe(405);
  });
});

describe('the log', () => {
  beforeEach(async () => (gateway = await startGateway()));

  test('away: 503 with retry-after for all that was to be put on it, and 202 again when it is back', async () => {
    gateway.log.setAway(true);
    for (const [path, body] of [
      [PATH, good],
      ['/v1/telemetry/dcgm?instance=i', 'a 1'],
    ] as const) {
      const answer = await gateway.post(path, body, path === PATH ? STRUCTURED : {});
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(answer.body.reason).toBe('log_unavailable');
    }
    expect(gateway.counts.get('accepted')).toBeUndefined();
    expect(gateway.logged.join()).toContain('no broker answers');
    // What is to be rejected needs no log.
    expect((await gateway.post(PATH, '{}', STRUCTURED)).status).toBe(400);
    gateway.log.setAway(false);
    expect((await gateway.post(PATH, good, STRUCTURED)).status).toBe(202);
  });

  test('slow: no answer before all is durable', async () => {
    gateway.log.hold();
    let answered = false;
    const answer = gateway.post(PATH, good, STRUCTURED).then((it) => ((answered = true), it));
    await until(() => gateway.log.held() === 1);
    expect(answered).toBe(false);
    gateway.log.release();
    expect((await answer).status).toBe(202);
  });
});

describe('while the log is slow', () => {
  const send = (body: string | Buffer, headers = {}) =>
    exchange({ port: gateway.port, method: 'POST', path: PATH, headers: { ...NDJSON, ...headers } }, body);

  test('requests above the limit are answered 429 at once; the others are taken in the end', async () => {
    gateway = await startGateway({ limits: { requests: 3 } });
    gateway.log.hold();
    const waiting = [send(good), send(good), send(good)];
    await until(() => gateway.log.held() === 3);
    const refused = await send(good);
    expect([refused.status, refused.headers['retry-after'], refused.body.reason]).toEqual([
      429,
      '1',
      'too_many_requests',
    ]);
    gateway.log.release();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([202, 202, 202]);
    expect((await send(good)).status).toBe(202);
  });

  test('bytes above the limit are answered 503, counted as they come and inflated; given back when all is done', async () => {
    const line = `${good}\n`;
    gateway = await startGateway({ limits: { heldBytes: 5 * line.length } });
    gateway.log.hold();
    const waiting = [send(line.repeat(2)), send(gzipSync(line.repeat(2)), { 'content-encoding': 'gzip' })];
    await until(() => gateway.log.held() === 2);
    const refused = await send(gzipSync(line.repeat(2)), { 'content-encoding': 'gzip' });
    expect([refused.status, refused.headers['retry-after'], refused.body.reason]).toEqual([503, '1', 'busy']);
    expect((await send('{}\n'.repeat(3))).status).toBe(400);
    gateway.log.release();
    expect((await Promise.all(waiting)).map(({ body }) => body.accepted)).toEqual([2, 2]);
    expect((await send(line.repeat(5))).body.accepted).toBe(5);
  });
});

describe('a sender of much that is refused', () => {
  const wrong = '{}\n'.repeat(10);
  const tokens = singleTokens({ ingest: 's3cret' });
  const authorization = 'Bearer s3cret';
  const post = (body: string | Buffer, headers = {}) =>
    gateway.post(PATH, body, { ...NDJSON, authorization, ...headers });

  test('is answered 429 until it has waited; what it sends that is good counts for it', async () => {
    let nowMs = NOW_MS;
    gateway = await startGateway({
      access: tokens,
      now: () => nowMs,
      limits: { refused: { aSecond: 10, atOnce: 25 } },
    });
    const mixed = `${good}\n`.repeat(10) + wrong;
    const statuses: number[] = [];
    for (const body of [wrong, mixed, mixed, wrong, mixed, wrong, wrong])
      statuses.push((await post(body)).status);
    expect(statuses).toEqual([400, 202, 202, 400, 202, 400, 429]);
    const refused = await post(good);
    expect([refused.status, refused.headers['retry-after'], refused.body.reason]).toEqual([
      429,
      '1',
      'too_many_refused',
    ]);
    expect(gateway.counts.get('refused 429 too_many_refused')).toBe(2);
    nowMs += 1000;
    expect((await post(good)).status).toBe(202);
  });

  test('large bodies that are refused count by their size', async () => {
    gateway = await startGateway({
      access: tokens,
      limits: { bodyBytes: 100_000, refused: { aSecond: 0, atOnce: 25 } },
    });
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await post(bomb, { 'content-encoding': 'gzip' })).status);
    expect(statuses).toEqual([413, 413, 413, 429, 429]);
  });
});

test('one sender leaves room for another', async () => {
  const grant = (name: string) => ({ name, sha256: sha256(name), may: ['ingest' as const], projects: null });
  const access = { grants: () => [grant('one'), grant('another')], isOpen: () => false };
  gateway = await startGateway({ access, limits: { requests: 16 } });
  gateway.log.hold();
  const send = (token: string) =>
    exchange(
      {
        port: gateway.port,
        method: 'POST',
        path: PATH,
        headers: { ...NDJSON, authorization: `Bearer ${token}` },
      },
      good,
    );
  const waiting = Array.from({ length: 15 }, () => send('one'));
  await until(() => gateway.log.held() === 15);
  expect((await send('one')).status).toBe(429);
  waiting.push(send('another'));
  await until(() => gateway.log.held() === 16);
  gateway.log.release();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(waiting.map(() => 202));
});

describe('senders that break off', () => {
  test('within a body leave nothing held', async () => {
    gateway = await startGateway({ limits: { requests: 1, heldBytes: good.length } });
    const socket = await open(gateway.port);
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: 9999\r\n\r\n`,
    );
    socket.write(good.slice(0, 100));
    const post = () => gateway.post(PATH, good, STRUCTURED);
    await untilAsync(async () => (await post()).status === 429);
    socket.destroy();
    await untilAsync(async () => (await post()).status === 202);
    expect(gateway.counts.get('refused 400 cut_off')).toBe(1);
    expect((await post()).status).toBe(202);
  });

  test('while the log is slow do no harm', async () => {
    gateway = await startGateway({ limits: { requests: 1 } });
    gateway.log.hold();
    const socket = await open(gateway.port);
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${good.length}\r\n\r\n${good}`,
    );
    await until(() => gateway.log.held() === 1);
    socket.destroy();
    gateway.log.release();
    await untilAsync(async () => (await gateway.post(PATH, good, STRUCTURED)).status === 202);
    expect(gateway.log.records).toHaveLength(2);
  });
});

function open(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', () => undefined);
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function untilAsync(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition()));
}
