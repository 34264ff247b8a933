import {
  createServer,
  request,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
} from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { httpApp } from '../../services/http/app';
import { readBody, type BodyRead } from '../../services/http/body';
import { byteBudget } from '../../services/http/budget';
import { MAX_DISCARDED_BYTES } from '../../services/http/discard';

const LIMIT = 1_000_000;
let server: Server;
let handle: (req: IncomingMessage) => Promise<BodyRead>;
let read: BodyRead | null;
const budget = byteBudget(4 * LIMIT);

beforeAll(async () => {
  const app = httpApp(pino({ enabled: false }), []).use(async (ctx) => {
    read = await handle(ctx.req);
    ctx.body = { kind: read.kind };
  });
  const respond = app.callback();
  server = createServer((req, res) => void respond(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  read = null;
  handle = async (req) => {
    const lease = budget.lease();
    const result = await readBody(req, LIMIT, lease);
    lease.release();
    return result;
  };
});
afterEach(() => expect(budget.heldBytes()).toBe(0));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const port = () => (server.address() as AddressInfo).port;

function post(chunks: Iterable<Buffer>, headers: OutgoingHttpHeaders = {}): Promise<BodyRead | null> {
  return new Promise((resolve, reject) => {
    const sent = request({ port: port(), host: '127.0.0.1', method: 'POST', headers }, (res) => {
      res.resume().on('end', () => resolve(read));
    });
    sent.on('error', reject);
    for (const chunk of chunks) sent.write(chunk);
    sent.end();
  });
}

const refusal = (status: number, reason: string) => ({ kind: 'refused', refusal: { status, reason } });

test('a body is read whole, up to the limit, plain and inflated', async () => {
  const bytes = Buffer.alloc(LIMIT, 'fleet ');
  const cases = [
    [bytes, 'identity'],
    [gzipSync(bytes), 'gzip'],
    [Buffer.concat([gzipSync(bytes.subarray(0, 9)), gzipSync(bytes.subarray(9))]), 'gzip'],
    [deflateSync(bytes), 'deflate'],
    [brotliCompressSync(bytes), 'br'],
  ] as const;
  for (const [body, encoding] of cases) {
    const result = await post([body], { 'content-encoding': encoding });
    expect(result?.kind === 'body' && result.bytes.equals(bytes)).toBe(true);
  }
  expect(await post([])).toEqual({ kind: 'body', bytes: Buffer.alloc(0) });
});

test('a byte more is refused: by content-length, as it comes, and inflated', async () => {
  const bytes = Buffer.alloc(LIMIT + 1);
  const tooLarge = refusal(413, 'too_large');
  expect(await post([bytes], { 'content-length': bytes.length })).toMatchObject(tooLarge);
  expect(await post([bytes.subarray(0, 10), bytes.subarray(10)])).toMatchObject(tooLarge);
  for (const [body, encoding] of [
    [gzipSync(bytes), 'gzip'],
    [brotliCompressSync(bytes), 'br'],
  ] as const) {
    expect(await post([body], { 'content-encoding': encoding })).toMatchObject(tooLarge);
  }
});

test('a bomb is inflated no further than the limit', async () => {
  let taken = 0;
  handle = (req) => {
    const take = (bytes: number) => (taken += bytes) > 0;
    return readBody(req, LIMIT, { take, bytes: () => taken, release: () => undefined });
  };
  for (const [bomb, encoding] of [
    [gzipSync(Buffer.alloc(128 * 1024 * 1024), { level: 1 }), 'gzip'],
    [
      brotliCompressSync(Buffer.alloc(64 * 1024 * 1024), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
      'br',
    ],
  ] as const) {
    taken = 0;
    expect(await post([bomb], { 'content-encoding': encoding })).toMatchObject(refusal(413, 'too_large'));
    expect(taken - bomb.length).toBeLessThanOrEqual(LIMIT);
  }
});

test('a compressed body that is large on the wire and small inside is refused as well', async () => {
  const empty = gzipSync('');
  const members = Buffer.concat(Array.from({ length: Math.ceil(LIMIT / empty.length) + 1 }, () => empty));
  expect(
    await post([members.subarray(0, 99), members.subarray(99)], { 'content-encoding': 'gzip' }),
  ).toMatchObject(refusal(413, 'too_large'));
});

test('what the budget has not left is refused, and nothing stays held', async () => {
  const other = budget.lease();
  other.take(4 * LIMIT - 100);
  expect(await post([Buffer.alloc(101)])).toMatchObject(refusal(503, 'busy'));
  expect(await post([gzipSync(Buffer.alloc(101))], { 'content-encoding': 'gzip' })).toMatchObject(
    refusal(503, 'busy'),
  );
  expect(await post([Buffer.alloc(100)])).toMatchObject({ kind: 'body' });
  other.release();
});

test('unknown and broken encodings', async () => {
  expect(await post([Buffer.from('x')], { 'content-encoding': 'zstd' })).toMatchObject(
    refusal(415, 'unknown_encoding'),
  );
  for (const body of [Buffer.from('no gzip'), gzipSync('cut off').subarray(0, 12), Buffer.alloc(0)]) {
    expect(await post([body], { 'content-encoding': 'gzip' })).toMatchObject(
      refusal(400, 'invalid_encoding'),
    );
  }
});

test('a sender that writes all before it reads, and then has the connection closed, gets its answer', async () => {
  const socket = connect(port(), '127.0.0.1');
  const body = Buffer.alloc(20 * LIMIT);
  let answer = '';
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`);
  await new Promise((resolve) => socket.write(body, resolve));
  socket.on('data', (part: Buffer) => (answer += part.toString()));
  await new Promise((resolve) => socket.on('close', resolve));
  expect(answer).toContain('refused');
});

test('a sender that goes on and on after a refusal is cut off', async () => {
  const socket = connect(port(), '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-encoding: zstd\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000), Buffer.from('\r\n')]);
  let sent = 0;
  await new Promise<void>((resolve) => {
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    const go = () => {
      do sent += 0x100000;
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', go);
    go();
  });
  expect(sent).toBeGreaterThan(MAX_DISCARDED_BYTES);
  expect(sent).toBeLessThan(MAX_DISCARDED_BYTES + 64 * 0x100000);
});
