/**
 * A program that sends wrong and hostile requests, 32 a second: forked by a test, which tells it for how many
 * milliseconds, so that what it costs to send them is not the test's own.
 */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

const [url = ''] = process.argv.slice(2);
const RATE = 32;
const DANGLE_MS = 5000;

const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));
const DEEP = '['.repeat(100_000);
const TOO_LARGE = Buffer.alloc(11_000_000, 0x61);

async function post(
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<void> {
  const own = { authorization: 'Bearer ingest', 'content-type': 'application/x-ndjson' };
  const sent = typeof body === 'string' ? body : new Uint8Array(body);
  const answer = await fetch(url + path, { method: 'POST', headers: { ...own, ...headers }, body: sent });
  await answer.text();
}

async function get(path: string, headers: Record<string, string> = {}): Promise<void> {
  await (await fetch(url + path, { headers })).text();
}

/** A connection that says little, and then nothing. */
function dangle(text: string): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    const timer = setTimeout(() => socket.destroy(), DANGLE_MS);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

const HALF =
  'POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ingest\r\ncontent-length: 100\r\n\r\n{';

const HOSTILE: readonly (() => Promise<void>)[] = [
  () => get('/metrics', { authorization: 'Bearer wrong' }),
  () => post('/v1/events', '{}', { authorization: 'Bearer wrong' }),
  () => post('/v1/events', 'nonsense\n'.repeat(1000)),
  () => post('/v1/events', BOMB, { 'content-encoding': 'gzip' }),
  () => post('/v1/events', DEEP, { 'content-type': 'application/cloudevents-batch+json' }),
  () => post('/v1/events', TOO_LARGE),
  () => post('/v1/telemetry/dcgm?instance=i', '{'.repeat(100_000), { 'content-type': 'text/plain' }),
  () => dangle(HALF),
  () => dangle('GET /metrics HTTP/1.1\r\nx: '),
  () => get(`/${'x'.repeat(10_000)}`),
];

async function attack(spanMs: number): Promise<void> {
  const sent: Promise<void>[] = [];
  for (let i = 0; i < (spanMs / 1000) * RATE; i++) {
    const send = HOSTILE[i % HOSTILE.length];
    if (send !== undefined) sent.push(send().catch(() => undefined));
    await delay(1000 / RATE);
  }
  await Promise.all(sent);
}

process.on('message', (spanMs: number) => {
  void attack(spanMs).then(() => process.send?.('done'));
});
