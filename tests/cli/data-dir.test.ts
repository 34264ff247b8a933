/** A data directory that can't be used: one line that names the setting, exit code 2; one in use: 3. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openInDataDir } from '../../services/cli/data-dir';
import { openEmbeddedLog } from '../../services/log/embedded/log';
import { openEmbeddedStore } from '../../services/store/embedded/store';
import { runCommand } from '../support/server';

jest.setTimeout(60_000);

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-data-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function refusalOf(dataDir: string): Promise<unknown> {
  const open = (): never => {
    throw new Error('it was opened');
  };
  return openInDataDir(dataDir, 'log', open).catch((error: unknown) => error);
}

const made: Record<string, (path: string) => string> = {
  'a file': (path) => {
    writeFileSync(path, '');
    return path;
  },
  'below a file': (path) => {
    writeFileSync(path, '');
    return join(path, 'below');
  },
  'with a file where the log goes': (path) => {
    mkdirSync(path);
    writeFileSync(join(path, 'log'), '');
    return path;
  },
  'a link that leads nowhere': (path) => {
    symlinkSync(join(path, 'nowhere'), path);
    return path;
  },
  'a link that leads to itself': (path) => {
    symlinkSync(path, path);
    return path;
  },
  'of too long a name': (path) => path + 'x'.repeat(300),
  'with a foreign data.mdb': (path) => {
    mkdirSync(join(path, 'log'), { recursive: true });
    writeFileSync(join(path, 'log', 'data.mdb'), Buffer.alloc(8192, 'x'));
    return path;
  },
  '/proc/fleetmeter': () => '/proc/fleetmeter/data',
  '/sys/fleetmeter': () => '/sys/fleetmeter',
  '/dev/null': () => '/dev/null',
};

test.each(Object.keys(made))('%s', async (name) => {
  const path = made[name]?.(join(dir, 'data')) ?? '';
  expect(await refusalOf(path)).toMatchObject({
    code: 2,
    message: expect.stringMatching(
      /^FLEETMETER_DATA_DIR: [^\n]+, (?:expected a folder that can be|.* is no file of)[^\n]+$/,
    ) as string,
  });
});

test('not permitted', async () => {
  mkdirSync(join(dir, 'data'));
  chmodSync(join(dir, 'data'), 0o500);
  chmodSync(dir, 0o755);
  const seteuid = process.seteuid?.bind(process);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) seteuid?.(65534);
  try {
    expect(await refusalOf(join(dir, 'data'))).toMatchObject({
      code: 2,
      message: expect.stringMatching(/^FLEETMETER_DATA_DIR: .*permission denied \(EACCES\)$/) as string,
    });
  } finally {
    if (isRoot) seteuid?.(0);
  }
});

test('one that is not there is made, and one that another has is in use', async () => {
  const data = join(dir, 'a/b');
  const open = () => openInDataDir(data, 'log', () => openEmbeddedLog({ dir: data, partitions: 2 }));
  const log = await open();
  await expect(open()).rejects.toMatchObject({
    code: 3,
    message: expect.stringContaining('is in use') as string,
  });
  await log.close();
  const store = await openInDataDir(data, 'store', (folder) =>
    openEmbeddedStore({ dir: folder, partitions: 2 }),
  );
  await store.close();
  const wider = openInDataDir(data, 'log', () => openEmbeddedLog({ dir: data, partitions: 4 }));
  await expect(wider).rejects.toMatchObject({
    code: 2,
    message: expect.stringContaining('FLEETMETER_PARTITIONS=2') as string,
  });
});

test('every command that opens it ends with one line; under /proc too, where Node never gives up', async () => {
  for (const args of [['serve'], ['events', 'import', '-']]) {
    const { code, stdout, stderr } = await runCommand(args, { FLEETMETER_DATA_DIR: '/proc/fleetmeter' });
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      expect.stringMatching(/^FLEETMETER_DATA_DIR: .*\(ENOENT\)\n$/) as string,
    ]);
  }
  const times = ['--from', '2026-11-24T00:00:00Z', '--to', '2026-11-24T00:00:00Z', '--events', '-'];
  const out = await runCommand(['backfill', ...times, '--out', '/proc/fleetmeter']);
  expect([out.code, out.stderr]).toEqual([
    2,
    expect.stringMatching(/^--out: \/proc\/fleetmeter, expected a folder.*\n$/) as string,
  ]);
});
