/**
 * A farm of exporters in a process of its own: it answers on every loopback address with a page of 8 GPUs,
 * and takes events as a gateway would. Prints its port; ends when its standard input does.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gpuPage } from './gpu-page';

const GPUS = 8;
/** As many pages as a node gives before it begins anew. */
const CHANGES = 32;

const pages = Array.from({ length: CHANGES }, (_, change) => gpuPage(GPUS, 1, change));
let scrapes = 0;
let events = 0;
let eventBytes = 0;

async function countEvents(request: IncomingMessage): Promise<number> {
  let lines = 1;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    eventBytes += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  }
  events += lines;
  return lines;
}

const server = createServer((request, response) => {
  if (request.method === 'POST') {
    void countEvents(request).then((accepted) => {
      response
        .writeHead(202, { 'content-type': 'application/json' })
        .end(JSON.stringify({ accepted, rejected: [] }));
    });
    return;
  }
  if (request.url === '/counts') {
    response.end(JSON.stringify({ scrapes, events, eventBytes }));
    return;
  }
  scrapes++;
  response
    .writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    .end(pages[scrapes % CHANGES]);
});
server.listen(0, '0.0.0.0', () => {
  process.stdout.write(`${String((server.address() as AddressInfo).port)}\n`);
});
process.stdin.resume().on('end', () => process.exit());
