/** A real Prometheus scrapes what users have written into their names. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Format } from '../../services/page/format';
import { differencesOf, readPage } from '../support/page-series';
import { prometheusKey, scrapePages, startPrometheus } from '../support/prometheus';
import { provide } from '../support/provide';
import { post, startServer, until, type Server } from '../support/server';
import { spawnSync } from 'node:child_process';

const MINUTE = 60_000;
const NAMES = [
  'plain',
  'with "quotes"',
  'back\\slash \\n not a newline',
  'two\nlines',
  'commas, and = signs',
  '{braces="x"} #hash',
  'emoji 🚀',
  'four bytes: 𝔉𝔩𝔢𝔢𝔱',
  '',
  ' spaces ',
  'tab\tand\rreturn',
  // As long as a text may be: 1,024 bytes.
  'é'.repeat(512),
];

let dir: string;
let server: Server;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-prometheus-'));
  server = await startServer({ FLEETMETER_DATA_DIR: dir });
}, 2 * MINUTE);
afterAll(async () => {
  await server.kill();
  rmSync(dir, { recursive: true, force: true });
});

function submitted(id: string, project: string): string {
  return JSON.stringify({
    specversion: '1.0',
    id,
    source: '/test',
    type: 'fleetmeter.run.submitted.v1',
    time: new Date().toISOString(),
    data: { project, user: project, run: { id, name: project, type: 'task' } },
  });
}

function runsOf(page: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...page].filter(([key]) => key.startsWith('dstack_run_count_total{')));
}

function expectedSeries(): Map<string, number> {
  return new Map(
    NAMES.map((name) => [
      `dstack_run_count_total{dstack_project_name=${JSON.stringify(name)},dstack_user_name=${JSON.stringify(name)}}`,
      1,
    ]),
  );
}

/** As Prometheus has them. */
function expectedOfPrometheus(): Map<string, number> {
  return new Map(
    NAMES.map((name) => {
      const labels = [
        ['dstack_project_name', name],
        ['dstack_user_name', name],
      ] as const;
      return [prometheusKey('dstack_run_count_total', labels), 1];
    }),
  );
}

async function page(format: Format): Promise<string> {
  const accept = format === 'text' ? 'text/plain' : 'application/openmetrics-text; version=1.0.0';
  return (await fetch(`${server.url}/metrics`, { headers: { accept } })).text();
}

test(
  'any name comes back as it was sent',
  async () => {
    const { status } = await post(
      server.url,
      NAMES.map((name, i) => submitted(`r-${String(i)}`, name)),
    );
    expect(status).toBe(202);
    await until(
      async () => differencesOf(expectedSeries(), runsOf(readPage(await page('text')))).length === 0,
      MINUTE,
      () => 'the runs are not on the page',
    );

    const pages = new Map<string, { format: Format; body: string }>();
    for (const format of ['text', 'openmetrics'] as const) {
      pages.set(format, { format, body: await page(format) });
    }
    const scraped = await scrapePages(pages);
    for (const [, { health, lastError, series }] of scraped) {
      expect({ health, lastError }).toEqual({ health: 'up', lastError: '' });
      expect(differencesOf(expectedOfPrometheus(), runsOf(series))).toEqual([]);
    }
    const own = await startPrometheus(dir, ['metrics'], Number(new URL(server.url).port));
    try {
      expect(await own.scraped(1)).toMatchObject([{ health: 'up', lastError: '' }]);
      expect(differencesOf(expectedOfPrometheus(), runsOf(await own.seriesOf('metrics')))).toEqual([]);
    } finally {
      await own.stop();
    }

    const [promtool, ...args] = (await provide('promtool')).argv;
    const checked = spawnSync(promtool, [...args, 'check', 'metrics'], { input: await page('text') });
    // promtool dislikes some of dstack's names (exit 3); what it can't read it says by "error while linting"
    // (exit 1).
    expect([0, 3]).toContain(checked.status);
  },
  3 * MINUTE,
);

test('a text above 1,024 bytes is refused with its reason', async () => {
  const { status, body } = await post(server.url, [submitted('long', 'x'.repeat(1025))]);
  expect(status).toBe(400);
  expect(JSON.parse(body)).toMatchObject({
    accepted: 0,
    rejected: [{ index: 0, id: 'long', reason: 'invalid_data' }],
  });
  expect(body).toContain('data.project');
});
