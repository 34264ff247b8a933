/**
 * One collector that scrapes 2,000 exporters of 8 GPUs x 49 fields every 15 s, beside a Prometheus that
 * scrapes the same ones: CPU time and memory of both over the same minutes, after a time to warm up. Both are
 * held to one core, the exporters to another. `TARGETS=`, `WARM=`, `MEASURED=` (seconds) and `ROUNDS=` (3)
 * change it. It runs what is built: `npm run build` first.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/ports';
import { end, provide } from '../support/provide';

const INTERVAL = '15s';
const MAIN = resolve(__dirname, '../../dist/services/cli/main.js');
/** Linux counts CPU time in hundredths of a second. */
const TICKS = 100;

interface Usage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

export async function run(): Promise<void> {
  const count = Number(process.env['TARGETS'] ?? 2000);
  const [warmMs, measuredMs] = [
    Number(process.env['WARM'] ?? 60) * 1000,
    Number(process.env['MEASURED'] ?? 60) * 1000,
  ];
  const rounds = Number(process.env['ROUNDS'] ?? 3);
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-collect-'));
  const farm = await startFarm();
  // Its own process: among thousands of pages the farm would read an event's body too slowly.
  const sink = await startFarm();
  // An address each, as exporters have: with one for all, connections would be shared.
  const addresses = Array.from(
    { length: count },
    (_, i) => `127.1.${String(i >> 8)}.${String(i & 255)}:${String(farm.port)}`,
  );
  const groups = addresses.map((address, i) => ({
    targets: [address],
    labels: { instance: `i-${String(i)}` },
  }));
  writeFileSync(join(dir, 'targets.json'), JSON.stringify(groups));
  const prometheus = await startPrometheus(dir);
  const collector = startCollector(dir, sink.port);
  try {
    await delay(warmMs);
    const ratios: { cpu: number; rss: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      ratios.push(await measureRound({ collector, prometheus: prometheus.child, farm, sink, measuredMs }));
    }
    console.log('collector to Prometheus, min, median, max:');
    console.log(`  CPU    ${spreadOf(ratios.map(({ cpu }) => cpu))}`);
    console.log(`  memory ${spreadOf(ratios.map(({ rss }) => rss))}`);
  } finally {
    collector.kill('SIGTERM');
    await prometheus.stop();
    if (collector.exitCode === null) await once(collector, 'exit');
    await Promise.all([farm.stop(), sink.stop()]);
    rmSync(dir, { recursive: true, force: true });
  }
}

type Farm = Awaited<ReturnType<typeof startFarm>>;

async function startFarm() {
  const args = onCore(1, process.execPath, '-r', '@swc-node/register', join(__dirname, 'exporter-farm.ts'));
  const child = spawn('taskset', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    port: Number(chunk.toString()),
    async stop() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

interface Round {
  readonly collector: ChildProcess;
  readonly prometheus: ChildProcess;
  readonly farm: Farm;
  readonly sink: Farm;
  readonly measuredMs: number;
}

/** How much more the collector takes than Prometheus, over one stretch of time. */
async function measureRound({ collector, prometheus, farm, sink, measuredMs }: Round) {
  const usages = async () => ({
    collector: usageOf(collector),
    prometheus: usageOf(prometheus),
    farm: await counts(farm),
    sink: await counts(sink),
  });
  const before = await usages();
  await delay(measuredMs);
  const after = await usages();
  report('collector', before.collector, after.collector, measuredMs);
  report('Prometheus', before.prometheus, after.prometheus, measuredMs);
  const scrapes = after.farm.scrapes - before.farm.scrapes;
  const events = after.sink.events - before.sink.events;
  const bytes = (after.sink.eventBytes - before.sink.eventBytes) / events;
  console.log(
    `  in that time: ${String(scrapes)} scrapes of both, ${String(events)} events, ${bytes.toFixed(0)} bytes each`,
  );
  return {
    cpu: spent(before.collector, after.collector) / spent(before.prometheus, after.prometheus),
    rss: after.collector.rssBytes / after.prometheus.rssBytes,
  };
}

function spreadOf(ratios: readonly number[]): string {
  const sorted = ratios.toSorted((a, b) => a - b);
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
    .map((ratio) => (ratio ?? NaN).toFixed(2))
    .join(' ');
}

/** Arguments of `taskset`, which becomes the program: its process is the program's. */
function onCore(core: number, ...argv: readonly string[]): string[] {
  return ['-c', String(core), ...argv];
}

function startCollector(dir: string, port: number): ChildProcess {
  const env = {
    ...process.env,
    FLEETMETER_LISTEN: `127.0.0.1:${String(port)}`,
    FLEETMETER_LOG_LEVEL: 'warn',
  };
  const args = [MAIN, 'collect', '--targets', join(dir, 'targets.json'), '--interval', INTERVAL];
  return spawn('taskset', onCore(0, process.execPath, ...args), {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function startPrometheus(dir: string) {
  const config = {
    global: { scrape_interval: INTERVAL },
    scrape_configs: [{ job_name: 'gpus', file_sd_configs: [{ files: [join(dir, 'targets.json')] }] }],
  };
  writeFileSync(join(dir, 'prometheus.yml'), JSON.stringify(config));
  const program = await provide('prometheus');
  const args = [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${String(await freePort())}`,
    '--log.level=error',
  ];
  const child = spawn('taskset', onCore(0, ...program.argv, ...args), {
    env: { ...process.env, GOMAXPROCS: '1' },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  return {
    child,
    async stop() {
      end(program, child.pid);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

function usageOf({ pid }: ChildProcess): Usage {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS, rssBytes: Number(rss) * 1024 };
}

async function counts({ port }: Farm): Promise<{ scrapes: number; events: number; eventBytes: number }> {
  const response = await fetch(`http://127.0.0.1:${String(port)}/counts`);
  return (await response.json()) as { scrapes: number; events: number; eventBytes: number };
}

function spent(before: Usage, after: Usage): number {
  return after.cpuSeconds - before.cpuSeconds;
}

function report(name: string, before: Usage, after: Usage, ms: number): void {
  const cores = spent(before, after) / (ms / 1000);
  console.log(`${name.padEnd(12)} ${cores.toFixed(3)} cores, ${(after.rssBytes / 2 ** 20).toFixed(0)} MiB`);
}
