import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isSuite } from './suite';

/**
 * `npm run chaos -- NAME [OPTION=VALUE …]` runs tests/chaos/suites/NAME.ts; exit code 1 where it found a
 * difference.
 */
async function main([name, ...options]: readonly string[]): Promise<void> {
  const folder = join(__dirname, 'suites');
  const names = readdirSync(folder).map((file) => file.replace(/\.ts$/, ''));
  if (name === undefined || !names.includes(name)) {
    console.error(
      `Usage: npm run chaos -- NAME [OPTION=VALUE …], of:\n${names.map((each) => `  ${each}`).join('\n')}`,
    );
    process.exitCode = 2;
    return;
  }
  const loaded: unknown = createRequire(__filename)(join(folder, name));
  if (!isSuite(loaded)) throw new Error(`tests/chaos/suites/${name}.ts exports no run()`);
  const wrong = await loaded.run(new Map(options.map((option) => pairOf(option))));
  for (const line of wrong.slice(0, 20)) console.error(line);
  console.log(wrong.length === 0 ? '\nNo difference.' : `\n${wrong.length} differences.`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

function pairOf(option: string): readonly [string, number] {
  const [name = '', value = ''] = option.split('=');
  if (!/^\d+$/.test(value)) throw new Error(`${option}: expected OPTION=VALUE with a whole number`);
  return [name, Number(value)];
}

void main(process.argv.slice(2));
