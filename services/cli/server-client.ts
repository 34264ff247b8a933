import * as http from 'node:http';
import * as https from 'node:https';
import { readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, rootCertificates } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { CommandError, EXIT } from './exit';
import type { Settings } from './settings';
import { codeOf } from './tls';

/** The settings that tell where the server is, and how to connect to it. */
export type ServerSettings = Pick<Settings, 'listen' | 'tls' | 'clientTls'>;

export interface ServerAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** How a command talks to the server running here, or to another one: HTTP, or TLS as set. */
export interface ServerClient {
  /** Its address, without a slash at the end. */
  readonly url: string;
  /**
   * GET, or POST if there is a body. What is posted must be idempotent: it is sent again if a kept-alive
   * connection was closed. Throws a CommandError that says what to do if nobody answers.
   */
  ask(path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<ServerAnswer>;
  close(): void;
}

/**
 * @param url of a server other than the one running here
 * @param hint what to do if no server is found, as part of a sentence
 */
export function openServerClient(
  settings: ServerSettings,
  hint: string,
  url: string = serverUrl(settings),
): ServerClient {
  const isTls = url.startsWith('https:');
  const agent = isTls
    ? new https.Agent({ keepAlive: true, ...trustOf(settings) })
    : new http.Agent({ keepAlive: true });
  return {
    url,
    async ask(path, headers, body) {
      const send = (): Promise<ServerAnswer> => sendOnce(agent, url + path, headers, body);
      try {
        return await send().catch((error: unknown) => {
          if (error instanceof KeptClosed) return send();
          throw error;
        });
      } catch (error) {
        throw explain(error, url, hint);
      }
    },
    close: () => agent.destroy(),
  };
}

/** The address of the server running here. */
function serverUrl({ listen, tls, clientTls }: ServerSettings): string {
  const anyHost = listen.host === '0.0.0.0' || listen.host === '::';
  const host = anyHost ? '127.0.0.1' : listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  const isTls = tls !== undefined || clientTls !== undefined;
  return `${isTls ? 'https' : 'http'}://${host}:${String(listen.port)}`;
}

/**
 * Authorities are those set, or the system's. The certificate that the server here is set to show is accepted
 * as such, whatever names it has: nobody else has its key, and on loopback it is rarely called by one of
 * them.
 */
function trustOf({ tls, clientTls }: ServerSettings): ConnectionOptions {
  if (tls?.clientCaFile !== undefined && clientTls?.own === undefined) {
    throw new CommandError(
      EXIT.usage,
      `FLEETMETER_TLS_CLIENT_CA_FILE: the server requires a certificate from commands too; ${SET_CLIENT}`,
    );
  }
  const served = tls === undefined ? undefined : readFileSync(tls.certFile, 'utf8');
  const print = served === undefined ? undefined : new X509Certificate(served).fingerprint256;
  const authorities =
    clientTls?.caFile === undefined ? rootCertificates : [readFileSync(clientTls.caFile, 'utf8')];
  const own = clientTls?.own;
  return {
    ca: [...authorities, ...(served === undefined ? [] : [served])],
    // Since Node 20.18; before that, the served certificate must be signed by itself or by one of the
    // authorities.
    ...{ allowPartialTrustChain: true },
    checkServerIdentity: (host, certificate) =>
      certificate.fingerprint256 === print ? undefined : checkServerIdentity(host, certificate),
    ...(own === undefined ? {} : { cert: readFileSync(own.certFile), key: readFileSync(own.keyFile) }),
  };
}

const SET_CLIENT = 'set FLEETMETER_TLS_CLIENT_CERT_FILE and FLEETMETER_TLS_CLIENT_KEY_FILE';

/** A kept-alive connection was closed in the meantime, which says nothing about the server. */
class KeptClosed extends Error {}

/** A server that has not answered by then never will. */
const TIMEOUT_MS = 300_000;

function sendOnce(
  agent: http.Agent,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): Promise<ServerAnswer> {
  return new Promise((resolve, reject) => {
    const { request: ask } = agent instanceof https.Agent ? https : http;
    const request = ask(
      url,
      { method: body === undefined ? 'GET' : 'POST', headers, agent, timeout: TIMEOUT_MS },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error('it does not answer')));
    request.on('error', (error) => {
      reject(request.reusedSocket && codeOf(error) === 'ECONNRESET' ? new KeptClosed() : error);
    });
    request.end(body);
  });
}

const ABSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);
const CLOSED = new Set(['ECONNRESET', 'EPIPE']);
/** OpenSSL's codes for a certificate that it does not trust, as Node names them. */
const UNTRUSTED = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_|INVALID_CA|HOSTNAME_)/;

/** Why there is no answer, and what to do. */
function explain(error: unknown, url: string, hint: string): unknown {
  if (error instanceof CommandError || !(error instanceof Error)) return error;
  const code = codeOf(error) ?? '';
  // For a broken protocol Node has the code EPROTO, or OpenSSL's.
  const said = `${code} ${error.message}`;
  const isTls = url.startsWith('https:');
  if (ABSENT.has(code)) return new CommandError(EXIT.away, `no server answers at ${url}: ${hint}`);
  if (UNTRUSTED.test(code)) {
    const detail = `the certificate at ${url} is not trusted (${code})`;
    return new CommandError(EXIT.usage, `${detail}: set FLEETMETER_TLS_CA_FILE to its authorities`);
  }
  if (isTls && /wrong.version.number|packet.length.too.long/i.test(said))
    return new CommandError(EXIT.usage, `the server at ${url} speaks no TLS: unset FLEETMETER_TLS_*`);
  if (isTls && (/alert/i.test(said) || CLOSED.has(code)))
    return new CommandError(
      EXIT.usage,
      `the server at ${url} accepts no client without a certificate: ${SET_CLIENT}`,
    );
  if (CLOSED.has(code)) {
    const detail = `the server at ${url} hangs up`;
    return new CommandError(
      EXIT.away,
      `${detail}: if it speaks TLS, set FLEETMETER_TLS_CA_FILE to the authorities of its certificate`,
    );
  }
  return new CommandError(EXIT.away, `no answer from ${url}: ${error.message.trim()}`);
}
