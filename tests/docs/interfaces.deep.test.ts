/**
 * What the keepers of the two formats say of the documents, and whether a real server does what OpenAPI says.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { runSchemathesis } from '../support/python';
import { startServer, type Server } from '../support/server';

const run = promisify(execFile);
const ROOT = resolve(__dirname, '../..');
const API = join(ROOT, 'docs/reference/api');
/** Not among our own packages: they are large, and used here alone. */
const TOOLS = join(ROOT, 'node_modules/.cache/interface-tools');
const PACKAGES = ['@redocly/cli@2.77.0', '@asyncapi/parser@3.6.6'];
const MINUTE = 60_000;
const CASES = 50;

let dir: string;
let server: Server;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-interfaces-'));
  if (!existsSync(join(TOOLS, 'node_modules/@asyncapi/parser'))) {
    const quiet = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund'];
    await run('npm', ['install', '--prefix', TOOLS, ...quiet, ...PACKAGES]);
  }
  server = await startServer({ FLEETMETER_DATA_DIR: join(dir, 'data') }, ['--demo', '10']);
}, 5 * MINUTE);
afterAll(async () => {
  await server.terminate();
  rmSync(dir, { recursive: true, force: true });
});

test(
  'Redocly takes the OpenAPI document',
  async () => {
    const redocly = join(TOOLS, 'node_modules/.bin/redocly');
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const { stderr } = await run(redocly, ['lint', '--extends=recommended', join(API, 'openapi.json')], {
      env,
    });
    expect(stderr).toContain('Your API description is valid');
  },
  MINUTE,
);

test(
  "AsyncAPI's parser takes the other",
  async () => {
    const parse = `
    const { Parser } = require('@asyncapi/parser');
    new Parser().parse(require('node:fs').readFileSync(process.argv[1], 'utf8')).then(({ document, diagnostics }) => {
      const wrong = diagnostics.filter(({ severity }) => severity < 2).map(({ path, message }) => path.join('.') + ': ' + message);
      console.log(JSON.stringify({ parsed: document !== undefined, wrong }));
    });`;
    const { stdout } = await run(process.execPath, ['-e', parse, join(API, 'asyncapi.json')], { cwd: TOOLS });
    expect(JSON.parse(stdout)).toEqual({ parsed: true, wrong: [] });
  },
  MINUTE,
);

test(
  'a server answers what is allowed, and what is not, as the OpenAPI document says',
  () => {
    const document = JSON.parse(readFileSync(join(API, 'openapi.json'), 'utf8')) as {
      paths: Record<string, { post?: { requestBody: { content: Record<string, unknown> } } }>;
    };
    // Schemathesis can't write it: tests/gateway sends it.
    delete document.paths['/v1/events']?.post?.requestBody.content['application/x-ndjson'];
    const file = join(dir, 'openapi.json');
    writeFileSync(file, JSON.stringify(document));
    const { status, output } = runSchemathesis(file, server.url, CASES);
    expect(status === 0 ? '' : output).toBe('');
    expect(output).toMatch(/Tested: 8/);
    expect(server.said()).not.toContain('a request failed');
  },
  15 * MINUTE,
);
