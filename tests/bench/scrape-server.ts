import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import pino from 'pino';
import { Gauge, Registry } from 'prom-client';
import { openRedisStore } from '../../services/store/redis/store';
import { openReplica } from '../exporter/world';
import { readSamples } from '../support/page-series';

/**
 * A server of the bench `scrape`, in a process of its own, so that what it costs is its own: `exporter
 * REDIS_URL`, or a peer with the page in a file: `buffer FILE` sends its bytes as they are, `prom-client
 * FILE` writes them from a registry. A message is answered by what the process has used since the one before.
 */
export interface Used {
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** Turns of the event loop, and those of them that took longer than 10 ms. */
  readonly turns: number;
  readonly heldTurns: number;
}

const compress = promisify(gzip);

async function serveBytes(answer: () => Promise<Buffer>): Promise<string> {
  const server = createServer((asked, response) => {
    void answer().then(async (body) => {
      const isGzip = asked.headers['accept-encoding'] === 'gzip';
      response.end(isGzip ? await compress(body, { level: 1 }) : body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The same page as prom-client has it: each family a gauge, values set before. */
function registryOf(page: string): Registry {
  const registry = new Registry();
  const gauges = new Map<string, Gauge>();
  for (const { name, labels, value } of readSamples(page)) {
    const labelNames = labels.map(([label]) => label);
    const gauge = gauges.get(name) ?? new Gauge({ name, help: name, labelNames, registers: [registry] });
    gauges.set(name, gauge);
    gauge.set(Object.fromEntries(labels), value);
  }
  return registry;
}

async function start(kind: string, from: string): Promise<string> {
  if (kind === 'exporter') {
    const store = openRedisStore({ url: from, partitions: 1, logger: pino({ level: 'silent' }) });
    return `${(await openReplica(store)).url}/metrics`;
  }
  const page = readFileSync(from);
  if (kind === 'buffer') return serveBytes(() => Promise.resolve(page));
  const registry = registryOf(page.toString());
  return serveBytes(async () => Buffer.from(await registry.metrics()));
}

async function main(): Promise<void> {
  const [kind = '', from = ''] = process.argv.slice(2);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  process.send?.(await start(kind, from));
  process.on('disconnect', () => process.exit());
  let before = process.cpuUsage();
  process.on('message', () => {
    const now = process.cpuUsage();
    const cpuMs = (now.user + now.system - before.user - before.system) / 1000;
    before = now;
    process.send?.({ cpuMs, rssBytes: process.memoryUsage().rss, ...turnsOf(delays) });
    delays.reset();
  });
}

function turnsOf(delays: ReturnType<typeof monitorEventLoopDelay>): Pick<Used, 'turns' | 'heldTurns'> {
  const turns = delays.count;
  let percentile = 0;
  for (const [upTo, value] of delays.percentiles) if (value <= 10e6) percentile = Math.max(percentile, upTo);
  return { turns, heldTurns: Math.round((1 - percentile / 100) * turns) };
}

void main();
