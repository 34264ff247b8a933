import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** `npm run bench -- NAME` runs what tests/bench/NAME.ts exports as run(). */
const HELPERS = ['main', 'measure', 'figure', 'process', 'gpu-page', 'exporter-farm', 'scrape-server'];

async function main(name: string | undefined): Promise<void> {
  const files = readdirSync(__dirname).filter((file) => file.endsWith('.ts'));
  const names = files.map((file) => file.slice(0, -'.ts'.length)).filter((each) => !HELPERS.includes(each));
  if (name === undefined || !names.includes(name)) {
    console.error(`Usage: npm run bench -- NAME, of:\n${names.map((each) => `  ${each}`).join('\n')}`);
    process.exitCode = 2;
    return;
  }
  const loaded: unknown = createRequire(__filename)(join(__dirname, name));
  if (!isBench(loaded)) throw new Error(`tests/bench/${name}.ts exports no run()`);
  await loaded.run();
}

function isBench(loaded: unknown): loaded is { run: () => Promise<void> } {
  return typeof loaded === 'object' && loaded !== null && 'run' in loaded && typeof loaded.run === 'function';
}

void main(process.argv[2]);
