import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openFetcher, openTokenFile, type Fetcher, type FetcherOptions } from '../../services/http/fetcher';
import { startExporter, type Exporter } from '../collector/exporters';

const OPTIONS: FetcherOptions = { timeoutMs: 5000, bodyBytes: 1000, heldBytes: 10_000 };
const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-fetcher-'));
const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function exporter(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
  tls?: { readonly key: string; readonly cert: string },
): Promise<Exporter> {
  const started = await startExporter(answer, tls);
  opened.push(started);
  return started;
}

function fetcher(options: Partial<FetcherOptions> = {}): Fetcher {
  const fetching = openFetcher({ ...OPTIONS, ...options });
  opened.push(fetching);
  return fetching;
}

test('a page with its content type, over a connection that is kept', async () => {
  const { url, requests } = await exporter((response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4').end('a 1\n');
  });
  const { get } = fetcher();
  for (let i = 0; i < 3; i++) {
    expect(await get(url, { accept: 'x', authorization: 'Bearer t' })).toEqual({
      kind: 'body',
      bytes: Buffer.from('a 1\n'),
      contentType: 'text/plain; version=0.0.4',
      date: expect.stringMatching(/ GMT$/) as string,
    });
  }
  expect(requests[0]?.headers).toMatchObject({
    accept: 'x',
    authorization: 'Bearer t',
    'accept-encoding': 'gzip',
  });
  expect(new Set(requests.map(({ socket }) => socket)).size).toBe(1);
});

test('a POST carries its body, and a refusal its status', async () => {
  const { url } = await exporter((response, request) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () =>
      response.writeHead(body === '{}' ? 200 : 422).end(`${String(request.method)} ${body}`),
    );
  });
  const { post } = fetcher();
  expect(await post(url, {}, '{}')).toMatchObject({ bytes: Buffer.from('POST {}') });
  expect(await post(url, {}, '[]')).toMatchObject({ fault: 'status', status: 422 });
});

test('gzip is inflated, up to the limit and no further', async () => {
  const bodies = new Map([
    ['/small', gzipSync('a 1\n')],
    ['/bomb', gzipSync(Buffer.alloc(200_000))],
    ['/broken', Buffer.from('a 1\n')],
  ]);
  const { address } = await exporter((response, request) => {
    response.setHeader('content-encoding', 'gzip').end(bodies.get(request.url ?? ''));
  });
  const { get } = fetcher();
  expect(await get(`http://${address}/small`, {})).toMatchObject({ bytes: Buffer.from('a 1\n') });
  expect(await get(`http://${address}/bomb`, {})).toMatchObject({
    fault: 'too_large',
    detail: 'more than 1000 bytes when inflated',
  });
  expect(await get(`http://${address}/broken`, {})).toMatchObject({ kind: 'failed', fault: 'encoding' });
});

test.each<[string, (response: ServerResponse) => void, string, RegExp]>([
  ['another status', (r) => r.writeHead(503).end('no'), 'status', /^answered 503, expected 200$/],
  ['a redirect', (r) => r.writeHead(302, { location: '/' }).end(), 'status', /^answered 302/],
  ['too much', (r) => r.end('x'.repeat(1001)), 'too_large', /^more than 1000 bytes$/],
  [
    'another encoding',
    (r) => r.setHeader('content-encoding', 'br').end('x'),
    'encoding',
    /^content-encoding: br/,
  ],
  ['a broken connection', (r) => r.write('x', () => r.destroy()), 'connection', /./],
  ['nothing', (r) => r.destroy(), 'connection', /./],
])('%s is a failure', async (_, answer, fault, detail) => {
  const { url } = await exporter(answer);
  const fetched = await fetcher().get(url, {});
  expect(fetched).toMatchObject({ kind: 'failed', fault, detail: expect.stringMatching(detail) as string });
});

test('whoever never answers, or never ends, has so long', async () => {
  const silent = await exporter(() => undefined);
  const endless = await exporter((response) => void response.write('a 1\n'));
  const { get } = fetcher({ timeoutMs: 50 });
  for (const { url } of [silent, endless]) {
    expect(await get(url, {})).toEqual({
      kind: 'failed',
      fault: 'timeout',
      detail: 'no answer within 0.05 s',
    });
  }
});

test('nobody there', async () => {
  const { url, close } = await startExporter(() => undefined);
  await close();
  expect(await fetcher().get(url, {})).toMatchObject({
    fault: 'connection',
    detail: expect.stringContaining('ECONNREFUSED') as string,
  });
});

test('a kept connection that was closed in the meantime is no failure', async () => {
  let isFirst = true;
  const { url, requests } = await exporter((response, { socket }) => {
    if (requests.length === 2 && isFirst) {
      isFirst = false;
      socket.destroy();
      return;
    }
    response.end('a 1\n');
  });
  const { get } = fetcher();
  await get(url, {});
  expect(await get(url, {})).toMatchObject({ kind: 'body' });
  expect(requests).toHaveLength(3);
});

test('what is held at once is bounded, and given back', async () => {
  const held: ServerResponse[] = [];
  const { url } = await exporter((response) => {
    response.write('x'.repeat(900));
    held.push(response);
  });
  const { get } = fetcher({ heldBytes: 2000 });
  const three = [get(url, {}), get(url, {}), get(url, {})];
  expect(await Promise.race(three)).toMatchObject({ fault: 'busy' });
  for (const response of held) response.end();
  expect((await Promise.all(three)).filter(({ kind }) => kind === 'body')).toHaveLength(2);
});

describe('TLS', () => {
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  beforeAll(() => {
    const made = spawnSync('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ]);
    if (made.status !== 0) throw new Error(`openssl is needed: ${String(made.stderr)}`);
  });

  const options: [string, () => Partial<FetcherOptions>, string][] = [
    ["with the exporter's authority", () => ({ ca: readFileSync(cert, 'utf8') }), 'body'],
    ['with any certificate', () => ({ insecure: true }), 'body'],
    ["with the system's authorities, who don't know it", () => ({}), 'failed'],
  ];
  test.each(options)('%s', async (_, optionsOf, kind) => {
    const pair = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    const { url } = await exporter((response) => response.end('a 1\n'), pair);
    expect(await fetcher(optionsOf()).get(url, {})).toMatchObject({ kind });
  });
});

test('a token in a file is read anew when it is some seconds old', () => {
  const path = join(dir, 'token');
  writeFileSync(path, 'one\n');
  let nowMs = 0;
  const authorization = openTokenFile(path, () => nowMs);
  expect(authorization()).toEqual({ authorization: 'Bearer one' });
  writeFileSync(path, 'two\n');
  expect(authorization()).toEqual({ authorization: 'Bearer one' });
  nowMs = 6000;
  expect(authorization()).toEqual({ authorization: 'Bearer two' });
  expect(openTokenFile(undefined, () => 0)()).toEqual({});
});
