/**
 * The layer check must be able to fail: each rule of .dependency-cruiser.cjs is run against a planted
 * violation, in a tree of its own, beside the imports that are allowed and must stay silent.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..');

/** File -> what it imports. Every file exports something, so that it is a module. */
const allowed: Record<string, string[]> = {
  'events/event.ts': ['./time'],
  'events/time.ts': [],
  'services/fold/entity.ts': ['../../events/event'],
  'services/catalogue/family.ts': ['../fold/entity', '../../events/event'],
  'services/view/view.ts': ['../catalogue/family', '../fold/entity', '../store/port'],
  'services/page/page.ts': ['../view/view', '../catalogue/family', '../exposition/text'],
  'services/exposition/text.ts': ['../../events/time'],
  'services/process/logger.ts': ['node:os', 'pino'],
  'services/http/server.ts': ['koa', '../process/logger'],
  'services/log/port.ts': ['../../events/time'],
  'services/store/port.ts': ['../../events/time'],
  'services/log/kafka/log.ts': ['kafkajs', '../port', './group'],
  'services/log/kafka/group.ts': ['node:net'],
  'services/log/embedded/log.ts': ['lmdb', '../port'],
  'services/store/redis/store.ts': ['ioredis', '../port'],
  'services/store/embedded/store.ts': ['lmdb', '../port'],
  'services/gateway/events.ts': ['koa', '../log/port', '../http/server', '../process/logger'],
  'services/exporter/page.ts': ['koa', '../store/port', '../page/page', '../exposition/text'],
  'services/partition/partition.ts': ['../log/port', '../store/port', '../view/view', '../fold/entity'],
  'services/aggregator/aggregator.ts': ['../log/port', '../store/port', '../partition/partition'],
  'services/cli/main.ts': [
    'commander',
    '../log/kafka/log',
    '../log/embedded/log',
    '../store/redis/store',
    '../store/embedded/store',
    '../gateway/events',
    '../exporter/page',
    '../aggregator/aggregator',
  ],
};

/** What must be found: rule, importing file, imported module. */
const planted: [rule: string, from: string, to: string][] = [
  ['events-know-no-service', 'events/a.ts', '../services/fold/entity'],
  ['fold-knows-events-only', 'services/fold/a.ts', '../exposition/text'],
  ['catalogue-knows-fold-and-events-only', 'services/catalogue/a.ts', '../exposition/text'],
  ['view-knows-what-it-is-made-of', 'services/view/a.ts', '../page/page'],
  ['page-knows-what-it-is-made-of', 'services/page/a.ts', '../store/port'],
  ['partition-knows-what-it-is-made-of', 'services/partition/a.ts', '../page/page'],
  ['pure-without-io', 'services/fold/b.ts', 'node:fs'],
  ['pure-without-io', 'events/b.ts', 'node:fs'],
  ['libraries-know-no-service', 'services/http/a.ts', '../log/port'],
  ['services-meet-at-ports', 'services/gateway/a.ts', '../exporter/page'],
  ['services-meet-at-ports', 'services/exporter/a.ts', '../log/kafka/group'],
  ['adapters-are-chosen-in-cli', 'services/log/a.ts', './kafka/log'],
  ['adapters-are-strangers', 'services/store/embedded/a.ts', '../redis/store'],
  ['nothing-imports-cli', 'services/gateway/b.ts', '../cli/main'],
  ['nothing-imports-tests', 'services/gateway/c.ts', '../../tests/support'],
  ['kafkajs-in-its-adapter', 'services/gateway/d.ts', 'kafkajs'],
  ['ioredis-in-its-adapter', 'services/exporter/d.ts', 'ioredis'],
  ['lmdb-in-its-adapters', 'services/aggregator/d.ts', 'lmdb'],
  ['koa-at-the-edge', 'services/aggregator/e.ts', 'koa'],
  ['koa-at-the-edge', 'services/aggregator/f.ts', '@koa/router'],
  ['commander-in-cli', 'services/gateway/e.ts', 'commander'],
  ['resolvable', 'services/gateway/f.ts', './nowhere'],
  ['no-dev-packages-in-the-build', 'services/gateway/g.ts', 'fast-check'],
];

const PACKAGES = ['kafkajs', 'ioredis', 'lmdb', 'koa', '@koa/router', 'commander', 'pino'];
const DEV_PACKAGES = ['fast-check'];

interface Violation {
  from: string;
  to: string;
  rule: { name: string };
}

function write(root: string, path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function importing(modules: string[]): string {
  return [...modules.map((module) => `import '${module}';`), 'export const here = 1;', ''].join('\n');
}

function plant(root: string): void {
  const versions = (names: string[]) => Object.fromEntries(names.map((name) => [name, '1.0.0']));
  write(
    root,
    'package.json',
    JSON.stringify({ dependencies: versions(PACKAGES), devDependencies: versions(DEV_PACKAGES) }),
  );
  write(root, 'tsconfig.json', JSON.stringify({ compilerOptions: { module: 'nodenext', types: [] } }));
  for (const name of [...PACKAGES, ...DEV_PACKAGES]) {
    write(
      root,
      `node_modules/${name}/package.json`,
      JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
    );
    write(root, `node_modules/${name}/index.js`, 'module.exports = {};\n');
  }
  for (const [file, modules] of Object.entries(allowed)) write(root, file, importing(modules));
  for (const [, file, module] of planted) write(root, file, importing([module]));
  write(root, 'tests/support.ts', importing([]));
  write(root, 'services/replay/left.ts', importing(['./right']));
  write(root, 'services/replay/right.ts', importing(['./left']));
  write(root, 'services/replay/forgotten.ts', importing([]));
}

function cruise(root: string): Violation[] {
  const config = join(ROOT, '.dependency-cruiser.cjs');
  const bin = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const run = spawnSync(
    process.execPath,
    [bin, '--config', config, '--output-type', 'json', 'events', 'services', 'tests'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const answer = JSON.parse(run.stdout) as { summary: { violations: Violation[] } };
  return answer.summary.violations;
}

describe('the layer check', () => {
  let root: string;
  let violations: Violation[];

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'fleetmeter-layers-'));
    plant(root);
    violations = cruise(root);
  }, 60_000);

  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  test.each(planted)('%s fires: %s imports %s', (rule, from) => {
    expect(
      violations.filter((violation) => violation.from === from).map(({ rule: { name } }) => name),
    ).toContain(rule);
  });

  test('no-cycles fires on two files that import each other', () => {
    const circular = violations.filter(({ rule }) => rule.name === 'no-cycles');
    expect(circular.flatMap(({ from, to }) => [from, to]).sort()).toEqual([
      'services/replay/left.ts',
      'services/replay/right.ts',
    ]);
  });

  test('no-orphans fires on a file that nobody imports', () => {
    const orphans = violations.filter(({ rule }) => rule.name === 'no-orphans').map(({ from }) => from);
    expect(orphans).toEqual(['services/replay/forgotten.ts']);
  });

  test('every rule has been seen to fire', async () => {
    const config = (await import(join(ROOT, '.dependency-cruiser.cjs'))) as {
      default: { forbidden: { name: string }[] };
    };
    const fired = new Set(violations.map(({ rule }) => rule.name));
    expect(config.default.forbidden.map(({ name }) => name).filter((name) => !fired.has(name))).toEqual([]);
  });

  test('what is allowed stays silent', () => {
    expect(violations.filter(({ from }) => from in allowed)).toEqual([]);
  });
});
