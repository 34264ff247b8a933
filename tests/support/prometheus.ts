/** Lets a real Prometheus scrape pages, and asks what it made of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { CONTENT_TYPES, type Format } from '../../services/page/format';
import { end, provide } from './provide';
import { freePort } from './ports';

export interface Scraped {
  readonly health: string;
  readonly lastError: string;
  /** As readPage() keys them; labels in order of name, and an empty label is none. */
  readonly series: ReadonlyMap<string, number>;
}

/** Scrapes each page once, as a target of its own; pages of nothing but `body` are in that format. */
export async function scrapePages(
  pages: ReadonlyMap<string, { readonly format: Format; readonly body: string }>,
): Promise<Map<string, Scraped>> {
  const server = createServer((request, response) => {
    const page = pages.get(decodeURIComponent(request.url ?? '').slice(1));
    if (page === undefined) response.writeHead(404).end();
    else response.setHeader('content-type', CONTENT_TYPES[page.format]).end(page.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-prometheus-'));
  const prometheus = await startPrometheus(dir, [...pages.keys()], port);
  try {
    const targets = await prometheus.scraped(pages.size);
    const scraped = new Map<string, Scraped>();
    for (const { scrapePool, health, lastError } of targets) {
      scraped.set(scrapePool, { health, lastError, series: await prometheus.seriesOf(scrapePool) });
    }
    return scraped;
  } finally {
    await prometheus.stop();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Target {
  readonly scrapePool: string;
  readonly health: string;
  readonly lastError: string;
}

/** Scrapes `/NAME` of that port for each name, every second. */
export function startPrometheus(dir: string, names: readonly string[], targetPort: number) {
  return runPrometheus(
    dir,
    names.map((name) => ({
      job_name: name,
      metrics_path: `/${name}`,
      static_configs: [{ targets: [`127.0.0.1:${targetPort}`] }],
    })),
  );
}

/** As Prometheus' API has it: the value is a text, so that it can be NaN or infinite. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [seconds: number, value: string];
}

/** Runs on scrape configs and rule files, every second where they don't say another interval. */
export async function runPrometheus(
  dir: string,
  scrapeConfigs: readonly unknown[],
  ruleFiles: readonly string[] = [],
) {
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ruleFiles,
    scrape_configs: scrapeConfigs,
  };
  // JSON is YAML.
  writeFileSync(join(dir, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const program = await provide('prometheus');
  const args = [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ];
  // The shell ends it when this process's end of the pipe closes, however that comes.
  const child = spawn('sh', ['-c', '"$@" & cat >/dev/null; kill -9 $!', 'sh', ...program.argv, ...args], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit');

  async function get(path: string): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const answer = (await response.json()) as { readonly data: unknown; readonly error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.data;
  }

  /** What an expression gives now. Throws what Prometheus says of a wrong one. */
  async function ask(expression: string): Promise<readonly Sample[]> {
    const found = (await get(`query?query=${encodeURIComponent(expression)}`)) as {
      readonly result: readonly Sample[];
    };
    return found.result;
  }

  /** The same by keyOf(). */
  async function query(expression: string): Promise<Map<string, number>> {
    const found = await ask(expression);
    return new Map(found.map(({ metric, value }) => [keyOf(metric), Number(value[1])]));
  }

  return {
    /** Waits until each target was scraped. */
    async scraped(count: number): Promise<readonly Target[]> {
      for (;;) {
        if (child.exitCode !== null) throw new Error('prometheus ended');
        const found = (await get('targets').catch(() => null)) as { activeTargets: Target[] } | null;
        const targets = found?.activeTargets ?? [];
        if (targets.length === count && targets.every(({ health }) => health !== 'unknown')) return targets;
        await later(200);
      }
    },
    async seriesOf(name: string): Promise<Map<string, number>> {
      return query(`{job=${JSON.stringify(name)},__name__!~"up|scrape_.*"}`);
    },
    ask,
    query,
    async stop(): Promise<void> {
      child.stdin.end();
      end(program, undefined);
      await ended;
    },
  };
}

function keyOf({ __name__: name = '', ...labels }: Sample['metric']): string {
  const own = Object.entries(labels).filter(([key]) => key !== 'job' && key !== 'instance');
  return prometheusKey(name, own);
}

/** What Prometheus takes for the same series has the same key. */
export function prometheusKey(name: string, labels: readonly (readonly [string, string])[]): string {
  const pairs = labels.filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}{${pairs.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}}`;
}
