/** VictoriaMetrics scrapes the page by the configuration that the docs have for it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { provide } from '../support/provide';
import { freePort } from '../support/ports';
import { startServer, until, type Server } from '../support/server';

const CONFIG = resolve(__dirname, '../../docs/prometheus/vmagent.yml');
const MINUTE = 60_000;

let dir: string;
let server: Server;
let victoria: ChildProcess;
let url: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-victoria-'));
  server = await startServer({ FLEETMETER_DATA_DIR: join(dir, 'data') }, ['--demo', '20']);
  const config = readFileSync(CONFIG, 'utf8')
    .replace(/fleetmeter-1:19464, fleetmeter-2:19464|fleetmeter:19464/g, server.url.replace('http://', ''))
    .replace('scrape_interval: 15s', 'scrape_interval: 1s');
  writeFileSync(join(dir, 'vmagent.yml'), config);
  const port = await freePort();
  url = `http://127.0.0.1:${String(port)}`;
  const [command, ...first] = (await provide('victoria-metrics')).argv;
  victoria = spawn(
    command,
    [
      ...first,
      `-promscrape.config=${join(dir, 'vmagent.yml')}`,
      // Else it would leave alone what it does not know.
      '-promscrape.config.strictParse',
      `-storageDataPath=${join(dir, 'storage')}`,
      `-httpListenAddr=127.0.0.1:${String(port)}`,
    ],
    { stdio: 'ignore' },
  );
}, 3 * MINUTE);

afterAll(async () => {
  victoria.kill('SIGKILL');
  await once(victoria, 'exit');
  await server.kill();
  rmSync(dir, { recursive: true, force: true });
});

async function ask(query: string): Promise<Map<string, number>> {
  // What was written a moment ago is left out unless it is asked for.
  const asked = `query=${encodeURIComponent(query)}&nocache=1&latency_offset=1ms`;
  const answer = (await (await fetch(`${url}/api/v1/query?${asked}`)).json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return new Map(
    answer.data.result.map(({ metric, value }) => [metric['fleetmeter_shard'] ?? '', Number(value[1])]),
  );
}

test(
  'each shard has an up, and together they are the page',
  async () => {
    const shards = new Map(['0', '1', '2', '3'].map((shard) => [shard, 1]));
    await until(
      async () => {
        expect(await ask('up{job="fleetmeter"}')).toEqual(shards);
        return true;
      },
      MINUTE,
      () => 'not every shard is scraped',
    );
    const [page] = [...(await ask('count({job="fleetmeter", __name__!~"up|scrape_.*"})')).values()];
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    // Jobs come and go between the two.
    expect(Math.abs((page ?? 0) / series - 1)).toBeLessThan(0.1);
    expect(
      (await ask('count({job="fleetmeter", fleetmeter_shard!="", __name__!~"up|scrape_.*"})')).size,
    ).toBe(0);
  },
  2 * MINUTE,
);
