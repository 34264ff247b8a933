/** Blocks made of what was filled in, and a real Prometheus on them. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { prometheusKey } from '../support/prometheus';
import { end, provide, type Program } from '../support/provide';
import { freePort } from '../support/ports';
import { until } from '../support/server';

const run = promisify(execFile);
const READY_WITHIN_MS = 60_000;

/** As Prometheus knows a series that readPage() has under `key`. */
export function keyOf(key: string): string {
  const pairs = [...key.matchAll(/([a-z_]+)="([^"]*)"/g)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  return prometheusKey(key.slice(0, key.indexOf('{')), pairs);
}

/** Makes blocks of an OpenMetrics file, in the data of the Prometheus in that folder. */
export async function addBlocks(file: string, folder: string): Promise<void> {
  const { argv } = await provide('promtool');
  const [command, ...args] = argv;
  await run(command, [...args, 'tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'data')]);
}

export interface Prometheus {
  /** An instant query: the values by key. */
  query(expression: string, atMs: number): Promise<Map<string, number>>;
  stop(): Promise<void>;
}

/** On the blocks in the folder's `data`. */
export async function startPrometheus(folder: string): Promise<Prometheus> {
  const program = await provide('prometheus');
  const port = await freePort();
  writeFileSync(join(folder, 'prometheus.yml'), '{}');
  const [command, ...args] = program.argv;
  const child = spawn(
    command,
    [
      ...args,
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--storage.tsdb.retention.time=50y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'inherit', detached: true },
  );
  const stop = (): Promise<void> => stopped(child, program);
  const hasEnded = (): boolean => child.exitCode !== null;
  await until(
    async () => hasEnded() || (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok,
    READY_WITHIN_MS,
    () => 'prometheus is not ready',
  );
  if (hasEnded()) throw new Error('prometheus ended');
  return {
    async query(expression, atMs) {
      const asked = new URLSearchParams({ query: expression, time: String(atMs / 1000) });
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query`, { method: 'POST', body: asked });
      const { data } = (await answer.json()) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return new Map(
        data.result.map(({ metric: { __name__: name = '', ...labels }, value }) => [
          prometheusKey(name, Object.entries(labels)),
          Number(value[1]),
        ]),
      );
    },
    stop,
  };
}

async function stopped(child: ChildProcess, program: Program): Promise<void> {
  const ended = once(child, 'exit');
  end(program, child.pid);
  await ended;
}
