/**
 * TLS of the server's own: with and without client certificates, and certificates that are changed while it
 * runs.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openServer, processRoutes, type HttpServer } from '../../services/cli/server';
import { readSettings } from '../../services/cli/settings';
import { singleTokens } from '../../services/http/access';
import { openProcessMetrics } from '../../services/process/metrics';
import { certify } from '../support/certificates';
import { until } from '../support/server';

let dir: string;
const at = (name: string): string => join(dir, name);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-tls-'));
  certify(dir, { name: 'server', serial: 17 });
  certify(dir, { name: 'client', serial: 18 });
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

function serve(clientCaFile: string | undefined): Promise<HttpServer> {
  const routes = processRoutes(new Map(), openProcessMetrics(), singleTokens({}));
  const tls = { certFile: at('server.crt'), keyFile: at('server.key'), clientCaFile };
  return openServer({ listen: { host: '127.0.0.1', port: 0 }, tls }, [routes], pino({ level: 'silent' }));
}

interface Answer {
  readonly status: number | undefined;
  readonly serial: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

function ask(url: string, client?: string): Promise<Answer> {
  const own =
    client === undefined
      ? {}
      : { cert: readFileSync(at(`${client}.crt`)), key: readFileSync(at(`${client}.key`)) };
  const options = { ca: readFileSync(at('server.crt')), ...own, agent: false as const };
  return new Promise((resolve, reject) => {
    get(`${url}/-/healthy`, options, (response) => {
      const { socket } = response;
      const serialNumber = socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : '';
      response.resume();
      response.on('end', () => {
        resolve({ status: response.statusCode, serial: serialNumber, headers: response.headers });
      });
    }).on('error', reject);
  });
}

test('over TLS, with headers that keep browsers in bounds; a certificate that is changed is the next connection’s', async () => {
  const server = await serve(undefined);
  try {
    expect(server.url).toMatch(/^https:/);
    const { status, serial, headers } = await ask(server.url);
    expect([status, serial]).toEqual([200, '11']);
    expect(headers).toMatchObject({
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
    });
    await expect(fetch(server.url.replace('https', 'http'))).rejects.toThrow();
    certify(dir, { name: 'server', serial: 19 });
    await until(
      async () => (await ask(server.url)).serial === '13',
      20_000,
      () => 'the new certificate is not shown',
    );
  } finally {
    await server.close();
  }
}, 60_000);

test('with authorities of clients, who has no certificate of theirs is not answered', async () => {
  const server = await serve(at('client.crt'));
  try {
    expect((await ask(server.url, 'client')).status).toBe(200);
    await expect(ask(server.url)).rejects.toThrow();
    await expect(ask(server.url, 'server')).rejects.toThrow();
  } finally {
    await server.close();
  }
}, 60_000);

test.each<[Record<string, string>, RegExp]>([
  [{ CERT: 'server.crt' }, /^FLEETMETER_TLS_CERT_FILE: needs FLEETMETER_TLS_KEY_FILE$/],
  [{ CLIENT_CA: 'client.crt' }, /^FLEETMETER_TLS_CLIENT_CA_FILE: needs FLEETMETER_TLS_CERT_FILE$/],
  [
    { CERT: 'none', KEY: 'server.key' },
    /^FLEETMETER_TLS_CERT_FILE: .*expected a certificate with its key, PEM \(ENOENT\)$/,
  ],
  [
    { CERT: 'server.crt', KEY: 'client.key' },
    /^FLEETMETER_TLS_CERT_FILE: .*expected a certificate with its key/,
  ],
])('%j stops the start', (files, mistake) => {
  const env = Object.fromEntries(
    Object.entries(files).map(([name, file]) => [`FLEETMETER_TLS_${name}_FILE`, at(file)]),
  );
  const read = readSettings(env, 'roles');
  expect(read.ok ? [] : read.mistakes).toEqual([expect.stringMatching(mistake) as string]);
});
