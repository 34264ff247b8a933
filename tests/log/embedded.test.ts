import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openEmbeddedLog } from '../../services/log/embedded/log';
import { describeEventLog, failOnFatal, numbered, readAll, record, valuesOf } from './contract';
import { openWitness } from './owner';
import { until } from './until';

jest.setTimeout(60_000);

const DAY_MS = 24 * 60 * 60 * 1000;
const folders: string[] = [];
afterAll(() => {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
});

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-log-'));
  folders.push(dir);
  return dir;
}

describeEventLog('embedded', (partitions) => {
  const dir = newFolder();
  return Promise.resolve({ open: () => openEmbeddedLog({ dir, partitions }) });
});

describe('the folder', () => {
  test('another partition count than it was created with is refused, with what to do', async () => {
    const dir = newFolder();
    await (await openEmbeddedLog({ dir, partitions: 4 })).close();
    await expect(openEmbeddedLog({ dir, partitions: 8 })).rejects.toThrow(
      /has 4 partitions, 8 were asked for.*FLEETMETER_PARTITIONS=4.*events export/,
    );
    await (await openEmbeddedLog({ dir, partitions: 4 })).close();
  });

  test('one process has it at a time, and a killed one has it no longer; what was acknowledged is there', async () => {
    const dir = newFolder();
    const child = spawn(
      'node',
      ['-r', '@swc-node/register', join(__dirname, 'embedded/log-writer.ts'), dir],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const acknowledged: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => acknowledged.push(line));
    await until('the other process has it', () => acknowledged.length > 0);
    await expect(openEmbeddedLog({ dir, partitions: 2 })).rejects.toThrow('is in use by another process');
    await until('it has appended', () => acknowledged.length > 200);
    child.kill('SIGKILL');
    await once(child, 'close');

    const log = await openEmbeddedLog({ dir, partitions: 2 });
    const values = (await readAll(log, 'lifecycle', 0)).map(({ value }) => value?.toString());
    expect(values.slice(0, acknowledged.length - 1)).toEqual(acknowledged.slice(1));
    expect(await log.append([record('lifecycle', 0, 'next')])).toEqual({ kind: 'appended' });
    await log.close();
  });

  test('this process itself has it once', async () => {
    const dir = newFolder();
    const log = await openEmbeddedLog({ dir, partitions: 2 });
    await expect(openEmbeddedLog({ dir, partitions: 2 })).rejects.toThrow('is in use by another process');
    await log.close();
    await (await openEmbeddedLog({ dir, partitions: 2 })).close();
  });

  test('a path too long for a socket is locked too', async () => {
    const dir = join(newFolder(), 'a'.repeat(60), 'b'.repeat(60));
    const log = await openEmbeddedLog({ dir, partitions: 2 });
    await expect(openEmbeddedLog({ dir, partitions: 2 })).rejects.toThrow('is in use by another process');
    await log.close();
  });

  test('a lock that nobody listens at is taken over by one of two', async () => {
    const dir = newFolder();
    mkdirSync(join(dir, 'log'));
    await abandonSocket(join(dir, 'log', 'lock.sock'));
    const opened = await Promise.allSettled([1, 2].map(() => openEmbeddedLog({ dir, partitions: 2 })));
    const logs = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(logs).toHaveLength(1);
    await logs[0]?.close();
  });
});

describe('time', () => {
  test('append times do not go back within a partition with the clock, also over a restart', async () => {
    const dir = newFolder();
    let nowMs = 5000;
    const options = { dir, partitions: 2, now: () => nowMs };
    const log = await openEmbeddedLog(options);
    await log.append(numbered('lifecycle', 0, 1));
    nowMs = 3000;
    await log.append([...numbered('lifecycle', 0, 1, 1), ...numbered('lifecycle', 1, 1)]);
    await log.close();
    nowMs = 4000;
    const again = await openEmbeddedLog(options);
    await again.append(numbered('lifecycle', 0, 1, 2));
    nowMs = 6000;
    await again.append(numbered('lifecycle', 0, 1, 3));
    const timesOf = async (partition: number) =>
      (await readAll(again, 'lifecycle', partition)).map(({ appendTimeMs }) => appendTimeMs);
    expect(await timesOf(0)).toEqual([5000, 5000, 5000, 6000]);
    expect(await timesOf(1)).toEqual([3000]);
    await again.close();
  });

  test('but for those of a clock that was far ahead: the times of what follows are right', async () => {
    let nowMs = 2 * DAY_MS;
    const log = await openEmbeddedLog({ dir: newFolder(), partitions: 1, now: () => nowMs });
    await log.append(numbered('telemetry', 0, 1));
    nowMs = 5000;
    await log.append(numbered('telemetry', 0, 1, 1));
    nowMs = 4000;
    await log.append(numbered('telemetry', 0, 1, 2));
    const times = (await readAll(log, 'telemetry', 0)).map(({ appendTimeMs }) => appendTimeMs);
    expect(times).toEqual([2 * DAY_MS, 5000, 5000]);
    await log.close();
  });

  test('telemetry is kept as long as is asked for, dead letters for 30 days, the lifecycle for ever; ends stay', async () => {
    const dir = newFolder();
    let nowMs = 1000 * DAY_MS;
    const telemetry = { ageMs: 3 * DAY_MS, bytes: undefined };
    const options = { dir, partitions: 1, telemetry, now: () => nowMs };
    const topics = ['lifecycle', 'telemetry', 'dead-letter'] as const;
    const log = await openEmbeddedLog(options);
    for (const topic of topics) await log.append(numbered(topic, 0, 5000));
    nowMs += 2 * DAY_MS;
    for (const topic of topics) await log.append(numbered(topic, 0, 10, 5000));
    await log.close();

    nowMs += 2 * DAY_MS;
    const later = await openEmbeddedLog(options);
    const boundsOf = async (topic: (typeof topics)[number]) => {
      const answer = await later.bounds(topic);
      return answer.kind === 'bounds' ? answer.partitions[0] : null;
    };
    await until('old telemetry is cut', async () => (await boundsOf('telemetry'))?.start === 5000);
    expect(await boundsOf('lifecycle')).toEqual({ start: 0, end: 5010 });
    expect(await boundsOf('dead-letter')).toEqual({ start: 0, end: 5010 });
    await expect(readAll(later, 'telemetry', 0, 4999)).rejects.toThrow('begins at 5000');
    expect(await readAll(later, 'telemetry', 0, 5000)).toHaveLength(10);
    const witness = openWitness({ begin: () => ({ lifecycle: 5010, telemetry: 17 }) });
    await later.own(witness.owner, failOnFatal);
    await until('it goes on at the start', () => witness.position('telemetry', 0) === 5010);
    expect(witness.taken('telemetry', 0)).toEqual(valuesOf(numbered('telemetry', 0, 10, 5000)));
    await later.close();

    nowMs += 40 * DAY_MS;
    const last = await openEmbeddedLog(options);
    await until('all but the last is cut', async () => {
      const bounds = await Promise.all([last.bounds('telemetry'), last.bounds('dead-letter')]);
      return bounds.every((answer) => answer.kind === 'bounds' && answer.partitions[0]?.start === 5009);
    });
    await last.close();
    const reopened = await openEmbeddedLog(options);
    expect(await reopened.bounds('telemetry')).toMatchObject({ partitions: [{ start: 5009, end: 5010 }] });
    expect(await readAll(reopened, 'lifecycle', 0)).toHaveLength(5010);
    await reopened.close();
  });
});

/** Leaves a socket as a killed process does: the file, and nobody behind it. */
async function abandonSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn('node', ['-e', script, path]), 'close');
}
