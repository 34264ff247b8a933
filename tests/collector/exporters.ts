/** Exporters for tests: HTTP servers that answer as they are told. */
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Exporter {
  readonly url: string;
  /** HOST:PORT. */
  readonly address: string;
  readonly requests: IncomingMessage[];
  readonly server: Server;
  close(): Promise<void>;
}

export async function startExporter(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
  tls?: { readonly key: string; readonly cert: string },
): Promise<Exporter> {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    answer(response, request);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/metrics`,
    address: `127.0.0.1:${port}`,
    requests,
    server,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
