/** A real Prometheus scrapes the page in parts, by the configuration that the docs have. */
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { readPage } from '../support/page-series';
import { prometheusKey, runPrometheus } from '../support/prometheus';
import { freePort } from '../support/ports';
import { post, startServer, until, type Server } from '../support/server';
import { instanceStarted, jobProvisioned, jobSubmitted, runSubmitted, tell } from '../support/told';
import { encodeEvent } from '../../events/codec';

const MINUTE = 60_000;
const HOW_TO = resolve(__dirname, '../../docs/how-to/prometheus.md');
const SHARDS = ['0', '1', '2', '3'];

let dir: string;
let server: Server;
let proxy: HttpServer;
/** Which shards the proxy doesn't let through. */
const failing = new Set<string>();

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-shards-'));
  const proxyPort = await freePort();
  server = await startServer({
    FLEETMETER_DATA_DIR: dir,
    FLEETMETER_PUBLIC_URL: `http://127.0.0.1:${String(proxyPort)}/fleet`,
  });
  proxy = createServer((request, response) => {
    const asked = new URL(request.url ?? '', 'http://proxy');
    if (failing.has(asked.searchParams.get('shard') ?? '')) response.writeHead(503).end();
    else void forward(asked.pathname.replace('/fleet', '') + asked.search, response);
  }).listen(proxyPort, '127.0.0.1');
}, 2 * MINUTE);
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await server.kill();
  rmSync(dir, { recursive: true, force: true });
});

async function forward(path: string, response: ServerResponse): Promise<void> {
  const answer = await fetch(server.url + path);
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
  response.end(await answer.text());
}

/** The one that is documented, but for the address. */
function scrapeConfig(): unknown {
  const blocks = [...readFileSync(HOW_TO, 'utf8').matchAll(/```yaml\n([^`]*)```/g)].map(
    ([, text]) => text ?? '',
  );
  const block = blocks.find((text) => text.includes('http_sd_configs')) ?? '';
  expect(block).toContain('http://fleetmeter.example.org/v1/sd?shards=4');
  const { scrape_configs: configs } = parse(block.replace('http://fleetmeter.example.org', server.url)) as {
    scrape_configs: unknown[];
  };
  return configs[0];
}

function fleet(): string[] {
  const atMs = Date.now() - 1000;
  const jobs = Array.from({ length: 20 }, (_, i) => [
    runSubmitted(`r${String(i)}`),
    jobSubmitted(`j${String(i)}`, { run: { id: `r${String(i)}`, name: 'run', type: 'task' } }),
    jobProvisioned(`j${String(i)}`, {}, { run: { id: `r${String(i)}` } }),
    instanceStarted(`i${String(i)}`),
  ]).flat();
  return jobs.map((told) => encodeEvent(tell({ ...told, atMs })));
}

/** The same series, however its labels are ordered. */
function keysOf(page: string): string[] {
  return [...readPage(page).keys()].map((key) => {
    const [, name = '', labels = ''] = /^([^{]+)\{(.*)\}$/.exec(key) ?? [];
    const pairs = [...labels.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g)].map(
      ([, label = '', value = '']) => [label, JSON.parse(value) as string] as const,
    );
    return prometheusKey(name, pairs);
  });
}

test(
  'four targets have an up each, and together each series of the page once',
  async () => {
    expect((await post(server.url, fleet())).status).toBe(202);
    let page: string[] = [];
    await until(
      async () => {
        page = keysOf(await (await fetch(`${server.url}/metrics`)).text()).sort();
        return page.filter((key) => key.startsWith('fleetmeter_job_info')).length === 20;
      },
      MINUTE,
      () => 'the jobs are not on the page',
    );
    const prometheus = await runPrometheus(dir, [scrapeConfig()]);
    const ups = async () => Object.fromEntries(await prometheus.query('up'));
    const upsBut = (failed: string | undefined) =>
      Object.fromEntries(
        SHARDS.map((shard) => [prometheusKey('up', [['fleetmeter_shard', shard]]), shard === failed ? 0 : 1]),
      );
    try {
      expect(await prometheus.scraped(4)).toHaveLength(4);
      expect(await ups()).toEqual(upsBut(undefined));
      expect([...(await prometheus.seriesOf('fleetmeter')).keys()].sort()).toEqual(page);
      // No target gave what another one gave.
      const given = await prometheus.query('sum(scrape_samples_post_metric_relabeling)');
      expect([...given.values()]).toEqual([page.length]);

      failing.add('2');
      await until(
        async () => (await ups())[prometheusKey('up', [['fleetmeter_shard', '2']])] === 0,
        MINUTE,
        () => 'the shard that fails is up',
      );
      expect(await ups()).toEqual(upsBut('2'));
    } finally {
      await prometheus.stop();
    }
  },
  3 * MINUTE,
);
