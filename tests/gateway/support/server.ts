import { singleTokens } from '../../../services/http/access';
import { Agent, createServer, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import type { LeftOut } from '../../../services/exposition/series';
import type { GatewayDeps } from '../../../services/gateway/gateway';
import { gatewayRoutes } from '../../../services/gateway/routes';
import { httpApp } from '../../../services/http/app';
import { fakeLog, type FakeLog } from './log';

export const NOW_MS = Date.parse('2026-11-24T12:00:00Z');

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The answer's JSON. */
  readonly body: AnswerBody;
}

/** Members of any of the gateway's answers. */
export interface AnswerBody {
  readonly error?: string;
  readonly reason?: string;
  readonly detail?: string;
  readonly accepted?: number;
  readonly rejected?: { index: number; id?: string; reason: string; detail: string }[];
  readonly series?: number;
  readonly values?: number;
  readonly refused?: { line: number; column: number; reason: string }[];
  readonly refused_lines?: number;
  readonly left_out?: Partial<LeftOut>;
}

export interface TestGateway {
  readonly port: number;
  readonly log: FakeLog;
  /** What was counted, by name and reason. */
  readonly counts: Map<string, number>;
  /** What was logged, a line each. */
  readonly logged: string[];
  post(path: string, body: string | Buffer, headers?: OutgoingHttpHeaders): Promise<Answer>;
  send(method: string, path: string): Promise<Answer>;
  close(): Promise<void>;
}

/** A gateway on a port of its own, over a log in memory. Its clock stands at NOW_MS. */
export async function startGateway(overrides: Partial<GatewayDeps> = {}): Promise<TestGateway> {
  const log = fakeLog();
  const counts = new Map<string, number>();
  const logged: string[] = [];
  const count = (name: string, by: number) => counts.set(name, (counts.get(name) ?? 0) + by);
  const logger = pino({ level: 'debug' }, { write: (line: string) => logged.push(line) });
  const router = gatewayRoutes({
    log,
    access: singleTokens({}),
    committedProjects: () => Promise.resolve(new Map<string, string>()),
    gpuFields: 'all',
    logger,
    metrics: {
      accepted: (events) => count('accepted', events),
      rejected: (reason, events) => count(`rejected ${reason}`, events),
      refused: (status, reason) => count(`refused ${status} ${reason}`, 1),
      leftOut: (cause, by) => count(`left out ${cause}`, by),
    },
    now: () => NOW_MS,
    ...overrides,
  });
  const respond = httpApp(logger, [router]).callback();
  const server = createServer((req, res) => void respond(req, res));
  // A connection that is idle for long is not closed just as the next request goes out on it.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  // One connection, so that a request that broke it would show in the next one.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    port,
    log,
    counts,
    logged,
    post: (path, body, headers = {}) => exchange({ port, agent, method: 'POST', path, headers }, body),
    send: (method, path) => exchange({ port, agent, method, path, headers: {} }, ''),
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Outgoing {
  readonly port: number;
  readonly agent?: Agent;
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
}

export function exchange(outgoing: Outgoing, body: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', ...outgoing }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const answered = text === '' ? {} : (JSON.parse(text) as AnswerBody);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answered });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
