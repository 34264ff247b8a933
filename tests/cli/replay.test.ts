/** `replay` and `verify` on an embedded log and store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differencesOf, readPage } from '../support/page-series';
import { post, runCommand, startServer, until } from '../support/server';
import { openEmbeddedStore } from '../../services/store/embedded/store';
import { jobLife, linesOf } from '../replay/fleet';
import type { Told } from '../support/told';

jest.setTimeout(240_000);

const DEADLINE_MS = 60_000;
let dir: string;
let settings: Record<string, string>;
let startMs: number;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-replay-'));
  settings = { FLEETMETER_DATA_DIR: dir, FLEETMETER_LATENESS_SECONDS: '600' };
  startMs = Date.now() - 120_000;
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A minute's fleet, as of two minutes ago. */
function lines(told: readonly Told[]): string[] {
  return linesOf(told.map((one) => ({ ...one, atMs: one.atMs - Date.UTC(2026, 10, 24, 8) + startMs })));
}

async function pageOf(url: string): Promise<ReadonlyMap<string, number>> {
  return readPage(await (await fetch(`${url}/metrics`)).text());
}

test('a server is stopped first; then its state is verified, rebuilt, and served on', async () => {
  const server = await startServer(settings);
  const lives = [...jobLife('one', 0), ...jobLife('two', 5, 30), ...jobLife('three', 10)];
  expect((await post(server.url, lines(lives))).status).toBe(202);
  await until(
    async () =>
      (await pageOf(server.url)).has(
        'fleetmeter_jobs_finished_total{dstack_project_name="p",dstack_user_name="u",status="done"}',
      ),
    DEADLINE_MS,
    () => 'nothing on the page',
  );
  for (const command of ['verify', 'replay']) {
    const { code, stderr } = await runCommand([command], settings);
    expect([code, stderr]).toEqual([
      3,
      expect.stringContaining('is in use by another process: stop it first') as string,
    ]);
  }
  const before = await pageOf(server.url);
  expect(await server.terminate()).toBe(0);

  expect(await runCommand(['verify'], settings)).toMatchObject({
    code: 0,
    stdout: 'the store has what the log gives\n',
  });
  const dry = await runCommand(['replay', '--dry-run'], settings);
  expect([dry.code, dry.stdout]).toEqual([0, 'no counter changes: the ledger is what the log gives\n']);
  const replayed = await runCommand(['replay'], settings);
  expect(replayed.code).toBe(0);
  expect(replayed.stdout).toContain(
    'generation 2 is shown now; "fleetmeter replay --rollback" goes back to 1\n',
  );
  expect(replayed.stderr).toContain('switched from generation 1 to 2\n');

  const again = await startServer(settings);
  const after = await pageOf(again.url);
  const fallen = [...before].filter(
    ([key, value]) => key.includes('_total{') && !((after.get(key) ?? -1) >= value),
  );
  expect(fallen).toEqual([]);
  await again.terminate();
  expect((await runCommand(['replay', '--rollback'], settings)).code).toBe(0);
  expect((await runCommand(['verify'], settings)).code).toBe(0);
});

/** Doubles the price of a job by hand, where it stands in the store of a stopped server. */
async function plant(job: string): Promise<void> {
  const store = openEmbeddedStore({ dir: join(dir, 'store'), partitions: 8 });
  for (let partition = 0; partition < store.partitions; partition++) {
    for await (const entries of store.load(partition, 'shown')) {
      const found = entries.find(({ value }) => value.includes(`"kind":"job","id":"${job}"`));
      if (found === undefined) continue;
      const value = found.value.replaceAll('3600000000000', '7200000000000');
      expect(value).not.toBe(found.value);
      const acquired = await store.acquire(partition);
      if (acquired.kind !== 'acquired' || acquired.head === null) throw new Error('nothing to plant it in');
      const { generation, epoch, counter, head } = acquired;
      const changes = [{ space: 'shown' as const, key: found.key, value }];
      const place = { generation, partition, epoch, fromCounter: counter };
      expect(await store.commit({ ...place, batchId: 'planted', head, changes })).toEqual({
        kind: 'applied',
      });
    }
  }
  await store.close();
}

test('a cost planted in the store by hand is found, explained, and mended', async () => {
  await plant('two');
  const found = await runCommand(['verify'], settings);
  expect(found.code).toBe(1);
  expect(found.stdout).toMatch(/^\d {10}48 +24 +job run-two\/two in fleetmeter_usage_cost_dollars_total\{/m);
  expect(found.stdout).toMatch(/made by these records:\n[^]* fleetmeter\.job\.provisioned\.v1 /);
  const sum = 'fleetmeter_usage_cost_dollars_total{dstack_project_name="p"}';
  const explained = await runCommand(['explain', sum], settings);
  expect([explained.code, explained.stdout]).toEqual([
    0,
    expect.stringMatching(
      /^ {2}24\.000000000 .*job run-two\/two .* {2}3600 \$\/h × 24 s\n.*job\.submitted/m,
    ) as string,
  ]);
  const { code, stdout } = await runCommand(['replay'], settings);
  expect(code).toBe(0);
  // The planted one, and what a takeover may have held besides.
  expect(stdout).toMatch(/^\d+ series (is|are) held until the ledger has caught up\n/m);
  expect(await runCommand(['verify'], settings)).toMatchObject({ code: 0 });
});

test('the page as of a moment is what render makes of the export', async () => {
  const file = join(dir, 'events.ndjson');
  expect((await runCommand(['events', 'export', file], settings)).code).toBe(0);
  const at = new Date(startMs + 45_000).toISOString();
  const replayed = await runCommand(['replay', '--until', at], settings);
  const rendered = await runCommand(['render', '--events', file, '--at', at], settings);
  expect([replayed.code, rendered.code]).toEqual([0, 0]);
  expect(differencesOf(readPage(rendered.stdout), readPage(replayed.stdout))).toEqual([]);
  expect(replayed.stdout).toBe(rendered.stdout);
});

test.each([
  [['replay', '--until', 'noon'], '--until: noon, expected an RFC 3339 time'],
  [
    ['replay', '--until', '2026-11-24T08:00:00Z', '--rollback'],
    '--until and --rollback: expected only one of them',
  ],
  [['replay', '--dry-run', '--allow-decrease'], '--allow-decrease: does nothing with --dry-run'],
  [['verify', '--sample', 'some'], 'expected a whole number'],
])('%j is wrong usage', async (args, said) => {
  expect(await runCommand(args, settings)).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining(said) as string,
  });
});

test('a folder without a log is wrong usage', async () => {
  const { code, stderr } = await runCommand(['replay'], { FLEETMETER_DATA_DIR: join(dir, 'nowhere') });
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('expected a folder with a log in it') as string,
  ]);
});
