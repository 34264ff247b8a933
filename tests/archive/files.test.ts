/** `events export` and `events import` with files and an embedded log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { exportEvents, importEvents } from '../../services/cli/commands/events';
import { type Settings } from '../../services/cli/settings';
import { openRecords } from '../../services/log/embedded/records';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS, validHistory } from '../support/history';
import { ran, settingsOf, withOpenLog, type Ran } from './command';

const ROOT = join(__dirname, '../..');
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-archive-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function settings(name: string, partitions = 8): Settings {
  return settingsOf({ FLEETMETER_DATA_DIR: join(dir, name), FLEETMETER_PARTITIONS: String(partitions) });
}

function linesOfHistory(seed: number, count: number): string[] {
  return validHistory(seed, count).map((event) => JSON.stringify(event));
}

function write(name: string, lines: readonly string[]): string {
  const path = join(dir, name);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

const put = (path: string, to: Settings, resume = false): Promise<Ran> =>
  ran(() => importEvents(path, { resume }, to));
const get = (path: string, from: Settings): Promise<Ran> => ran(() => exportEvents(path, from));

function records(of: Settings): Promise<number> {
  return withOpenLog(of, async (log) => {
    let count = 0;
    for (const topic of ['lifecycle', 'telemetry'] as const) {
      const bounds = await log.bounds(topic);
      if (bounds.kind === 'unavailable') throw new Error(bounds.detail);
      for (const { start, end } of bounds.partitions) count += end - start;
    }
    return count;
  });
}

test('there and back through a packed file, into another number of partitions', async () => {
  const lines = linesOfHistory(3, 500);
  expect(await put(write('events.ndjson', lines), settings('a'))).toMatchObject({ code: 0 });
  expect(await get(join(dir, 'a.ndjson.gz'), settings('a'))).toMatchObject({ code: 0 });
  const exported = gunzipSync(readFileSync(join(dir, 'a.ndjson.gz')))
    .toString()
    .trimEnd()
    .split('\n');
  expect(await put(join(dir, 'a.ndjson.gz'), settings('b', 3))).toMatchObject({ code: 0 });
  const out = await get('-', settings('b', 3));
  const again = out.out.trimEnd().split('\n');
  expect(again.toSorted()).toEqual(exported.toSorted());
  const atMs = Date.UTC(2026, 10, 25);
  const pages = [lines, exported, again].map((of) => pageOf(foldLines(of, DEFAULT_SETTINGS, atMs)));
  expect(new Set(pages).size).toBe(1);
  expect(existsSync(join(dir, '-.manifest.json'))).toBe(false);
}, 60_000);

test('the manifest says what the file holds and where the log stood', async () => {
  const lines = linesOfHistory(4, 300);
  await put(write('events.ndjson', [...lines, ...lines.slice(0, 10)]), settings('a', 2));
  await get(join(dir, 'a.ndjson'), settings('a', 2));
  const manifest = JSON.parse(readFileSync(join(dir, 'a.ndjson.manifest.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const exported = readFileSync(join(dir, 'a.ndjson'), 'utf8').trimEnd().split('\n');
  const telemetry = exported.filter((line) => line.includes('.sampled.v1')).length;
  const logTimes = exported.map((line) => (JSON.parse(line) as { recordedtime: string }).recordedtime);
  expect(logTimes).toEqual(logTimes.toSorted());
  const positions = manifest['positions'] as Record<string, { from: number; to: number }>[];
  const read = positions.flatMap((of) => Object.values(of)).reduce((sum, { from, to }) => sum + to - from, 0);
  expect(read).toBe(310);
  expect(manifest).toMatchObject({
    events: exported.length,
    telemetry,
    lifecycle: exported.length - telemetry,
    first_log_time: logTimes[0],
    last_log_time: logTimes.at(-1),
    lateness_seconds: 86_400,
    partitions: 2,
    left_out: { repeat: 310 - exported.length },
  });
  expect(existsSync(join(dir, 'a.ndjson.partial'))).toBe(false);
});

describe('nothing is imported of', () => {
  test('a file that is not what its manifest says', async () => {
    await put(write('events.ndjson', linesOfHistory(5, 50)), settings('a'));
    await get(join(dir, 'a.ndjson'), settings('a'));
    const text = readFileSync(join(dir, 'a.ndjson'), 'utf8');
    writeFileSync(join(dir, 'a.ndjson'), text.slice(0, text.trimEnd().lastIndexOf('\n') + 1));
    const refused = await put(join(dir, 'a.ndjson'), settings('b'));
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringMatching(/its SHA-256 is .*nothing was imported\n$/) as string,
    });
    expect(await records(settings('b'))).toBe(0);
    writeFileSync(join(dir, 'a.ndjson.manifest.json'), '{"format":"fleetmeter-events/1"}');
    const odd = await put(join(dir, 'a.ndjson'), settings('b'));
    expect(odd).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not a manifest of ours') as string,
    });
  });

  test('a file with a line that is no event', async () => {
    const path = write('events.ndjson', [...linesOfHistory(6, 20), '', '{"specversion":"1.0"}']);
    const err = expect.stringMatching(
      /^line 22: invalid_envelope: id: absent.*nothing was imported\n$/,
    ) as string;
    expect(await put(path, settings('b'))).toMatchObject({ code: 1, err });
    expect(await records(settings('b'))).toBe(0);
  });

  test('a file that can’t be read or unpacked', async () => {
    expect(await put(join(dir, 'none.ndjson'), settings('b'))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/none.ndjson: expected a file that can be read \(.*ENOENT.*\)\n$/) as string,
    });
    const path = write('events.ndjson.gz', linesOfHistory(6, 20));
    expect(await put(path, settings('b'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('header') as string,
    });
    expect(await records(settings('b'))).toBe(0);
  });

  test('any file, by a log that is not empty', async () => {
    const path = write('events.ndjson', linesOfHistory(7, 20));
    await put(path, settings('b'));
    expect(await put(path, settings('b'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not empty') as string,
    });
    expect(await records(settings('b'))).toBe(20);
  });
});

test('other settings than the export’s are named', async () => {
  await put(write('events.ndjson', linesOfHistory(8, 20)), settings('a'));
  await get(join(dir, 'a.ndjson'), settings('a'));
  const other = { ...settings('b'), latenessMs: 60_000 };
  expect(await put(join(dir, 'a.ndjson'), other)).toMatchObject({
    code: 0,
    err: expect.stringContaining(
      'of 86400 and 2592000 s, this log is judged with 60 and 2592000 s',
    ) as string,
  });
});

describe('exit codes of an export', () => {
  test('3 while a server has the log', async () => {
    const path = join(dir, 'a.ndjson');
    const held = await withOpenLog(settings('a'), () => get(path, settings('a')));
    expect(held).toMatchObject({
      code: 3,
      err: expect.stringContaining('is in use by another process') as string,
    });
    expect(existsSync(path)).toBe(false);
  });

  test('2 where there is no log, and none is made', async () => {
    expect(await get('-', settings('none'))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^FLEETMETER_DATA_DIR: /) as string,
    });
    expect(existsSync(join(dir, 'none'))).toBe(false);
  });

  test('2 where the file can’t be written', async () => {
    await put(write('events.ndjson', linesOfHistory(9, 5)), settings('a'));
    const failed = await get(join(dir, 'no-such-folder', 'a.ndjson'), settings('a'));
    expect(failed).toMatchObject({ code: 2, err: expect.stringContaining('(ENOENT)') as string });
  });
});

/** Beside the process that has the log. */
async function holdsAnything(folder: string): Promise<boolean> {
  if (!existsSync(join(folder, 'data.mdb'))) return false;
  const store = openRecords(folder, 8);
  const { end } = store.bounds('lifecycle', 0);
  await store.close();
  return end > 0;
}

test('killed in the middle, an import goes on where it was', async () => {
  const lines = Array.from({ length: 3 }, (_, i) => linesOfHistory(20 + i, 4000)).flat();
  const env = { ...process.env, FLEETMETER_DATA_DIR: join(dir, 'a') };
  const args = [join(ROOT, 'dist/services/cli/main.js'), 'events', 'import', '-'];
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = once(child, 'exit');
  child.stdin.on('error', () => undefined);
  // Several appends' worth, and no end: it can't come to one before it is killed.
  child.stdin.write(lines.slice(0, 11_000).join('\n'));
  while (!(await holdsAnything(join(dir, 'a', 'log'))) && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  await ended;
  const before = await records(settings('a'));
  expect(before).toBeGreaterThan(0);
  expect(await put(write('events.ndjson', lines), settings('a'), true)).toMatchObject({
    code: 0,
    err: expect.stringContaining(`${before} events were already on the log`) as string,
  });
  expect(await records(settings('a'))).toBe(lines.length);
}, 120_000);
