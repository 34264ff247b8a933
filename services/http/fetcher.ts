import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { textOf } from '../../events/encoding';
import { byteBudget } from './budget';

export interface FetcherOptions {
  readonly timeoutMs: number;
  /** Of one answer, inflated and on the wire. */
  readonly bodyBytes: number;
  /** Of all answers that are being read; beyond, a fetch fails as `busy`. */
  readonly heldBytes: number;
  /** Certificate authorities, PEM, instead of the system's. */
  readonly ca?: string | undefined;
  /** Accepts any certificate. */
  readonly insecure?: boolean | undefined;
}

export type FetchFault = 'timeout' | 'connection' | 'status' | 'too_large' | 'encoding' | 'busy';

export type Fetched =
  | {
      readonly kind: 'body';
      readonly bytes: Buffer;
      readonly contentType: string | undefined;
      /** The header of that name: the server's clock. */
      readonly date: string | undefined;
    }
  | {
      readonly kind: 'failed';
      readonly fault: FetchFault;
      readonly detail: string;
      /** The status of the answer, if that is the failure. */
      readonly status?: number;
    };

type Headers = Readonly<Record<string, string>>;

/** Answered with 200, or failed. Redirects are not followed: a token must not be passed on. */
export interface Fetcher {
  get(url: string, headers: Headers): Promise<Fetched>;
  /**
   * Only for requests that change nothing there: they are sent again if a kept-alive connection was closed.
   */
  post(url: string, headers: Headers, body: string): Promise<Fetched>;
  close(): void;
}

/** Connections are kept alive: an exporter is asked regularly. */
export function openFetcher(options: FetcherOptions): Fetcher {
  const agents = {
    http: new http.Agent({ keepAlive: true, maxFreeSockets: 1 }),
    https: new https.Agent({
      keepAlive: true,
      maxFreeSockets: 1,
      rejectUnauthorized: options.insecure !== true,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    }),
  };
  const budget = byteBudget(options.heldBytes);
  let isClosed = false;

  /** Resolves once, however a request ends. */
  function attempt(url: string, headers: Headers, body: string | undefined): Promise<Fetched | 'again'> {
    return new Promise((resolve) => {
      const lease = budget.lease();
      const deadline = setTimeout(() => {
        end(failed('timeout', `no answer within ${String(options.timeoutMs / 1000)} s`));
        request.destroy();
      }, options.timeoutMs);
      const end = (fetched: Fetched | 'again'): void => {
        clearTimeout(deadline);
        lease.release();
        resolve(fetched);
      };
      const isTls = url.startsWith('https:');
      const request = (isTls ? https : http).request(
        url,
        {
          method: body === undefined ? 'GET' : 'POST',
          agent: isTls ? agents.https : agents.http,
          headers: { ...headers, 'accept-encoding': 'gzip' },
        },
        (response) => {
          collect(response, options.bodyBytes, (bytes) => lease.take(bytes)).then(end, (error: unknown) => {
            end(failed('connection', messageOf(error)));
          });
        },
      );
      request.on('error', (error) => {
        // A kept-alive connection that was closed in the meantime says nothing about the exporter.
        end(request.reusedSocket && !isClosed ? 'again' : failed('connection', messageOf(error)));
      });
      request.end(body);
    });
  }

  async function fetch(url: string, headers: Headers, body?: string): Promise<Fetched> {
    const first = await attempt(url, headers, body);
    const fetched = first === 'again' ? await attempt(url, headers, body) : first;
    return fetched === 'again' ? failed('connection', 'the connection was closed') : fetched;
  }

  return {
    get: (url, headers) => fetch(url, headers),
    post: fetch,
    close() {
      isClosed = true;
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

async function collect(
  response: IncomingMessage,
  limitBytes: number,
  take: (bytes: number) => boolean,
): Promise<Fetched> {
  const { statusCode = 0, headers } = response;
  if (statusCode !== 200) {
    response.resume();
    const detail = `answered ${String(statusCode)}, expected 200`;
    return { kind: 'failed', fault: 'status', detail, status: statusCode };
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limitBytes) return failed('too_large', `more than ${String(limitBytes)} bytes`);
    if (!take(chunk.length)) return failed('busy', 'too many bytes are being read right now');
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks, bytes);
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const said = { contentType: headers['content-type'], date: headers.date };
  if (encoding === 'identity') return { kind: 'body', bytes: body, ...said };
  if (encoding !== 'gzip')
    return failed('encoding', `content-encoding: ${encoding.slice(0, 40)}, expected gzip`);
  return inflate(body, limitBytes, said);
}

const unzip = promisify(gunzip);

async function inflate(
  body: Buffer,
  limitBytes: number,
  said: { readonly contentType: string | undefined; readonly date: string | undefined },
): Promise<Fetched> {
  try {
    return { kind: 'body', bytes: await unzip(body, { maxOutputLength: limitBytes }), ...said };
  } catch (error) {
    const isLarge = isObject(error) && error['code'] === 'ERR_BUFFER_TOO_LARGE';
    return isLarge
      ? failed('too_large', `more than ${String(limitBytes)} bytes when inflated`)
      : failed('encoding', `the body can't be inflated: ${messageOf(error)}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function failed(fault: FetchFault, detail: string): Fetched {
  return { kind: 'failed', fault, detail };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What may be replaced while the process runs and so is read again regularly: a token in a file. */
export function openTokenFile(path: string | undefined, now: () => number): () => Record<string, string> {
  let read = { atMs: -Infinity, headers: {} };
  return () => {
    if (path !== undefined && now() - read.atMs > TOKEN_MS) {
      read = { atMs: now(), headers: { authorization: `Bearer ${textOf(readFileSync(path)).trim()}` } };
    }
    return read.headers;
  };
}

const TOKEN_MS = 5000;
