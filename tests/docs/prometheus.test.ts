/**
 * The files under docs/prometheus run as they are: promtool must take them, and the rules do what they say.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { provide } from '../support/provide';

const ROOT = resolve(__dirname, '../..');
const RULE_TESTS = 'tests/docs/rules';

/**
 * Copies of the files, at the same places to each other: a promtool in Docker sees the temporary folder
 * alone.
 */
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'fleetmeter-prometheus-'));
  for (const folder of ['docs/prometheus', RULE_TESTS]) {
    cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
  }
});

afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

async function promtool(...args: string[]): Promise<{ status: number | null; output: string }> {
  const [command, ...first] = (await provide('promtool')).argv;
  const { status, stdout, stderr } = spawnSync(command, [...first, ...args], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

function list(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

describe('Prometheus', () => {
  test('takes the configuration and its rule files', async () => {
    const { status, output } = await promtool(
      'check',
      'config',
      join(copy, 'docs/prometheus/prometheus.yml'),
    );
    expect({ status, output }).toEqual({
      status: 0,
      output: expect.stringContaining('rules found') as string,
    });
  }, 120_000);

  test.each(list(RULE_TESTS, '.yml'))(
    'rules do what their tests say: %s',
    async (file) => {
      const { status, output } = await promtool('test', 'rules', join(copy, file));
      expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') as string });
    },
    120_000,
  );
});
