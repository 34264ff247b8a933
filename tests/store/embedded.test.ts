import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { PartitionsMismatch } from '../../services/store/embedded/database';
import { openEmbeddedStore } from '../../services/store/embedded/store';
import { stateStoreContract } from './contract';
import { PARTITIONS, deltaOf, load, refresh, shown, takeOver } from './world';

jest.setTimeout(60_000);

/** Starts embedded-writer.ts; `fileBlocks` of 512 bytes are all that it may write to a file. */
function startWriter(dir: string, fileBlocks = 'unlimited') {
  const writer = resolve(__dirname, 'embedded-writer.ts');
  const args = [process.execPath, '-r', '@swc-node/register', writer, dir];
  return spawn('sh', ['-c', `ulimit -f ${fileBlocks}; exec "$@"`, 'sh', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

stateStoreContract('embedded', () => {
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-store-'));
  const open = (name: string) => openEmbeddedStore({ dir: join(dir, name), partitions: PARTITIONS });
  return {
    open: () => open('store'),
    openOther: () => open('other'),
    end() {
      rmSync(dir, { recursive: true, force: true });
    },
  };
});

describe('an embedded store', () => {
  let dir: string;
  let writer: ChildProcess | undefined;
  const open = (partitions = PARTITIONS) => openEmbeddedStore({ dir, partitions });

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'fleetmeter-store-'));
  });

  afterEach(() => {
    writer?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  test('is opened with the number of partitions that it was made for', async () => {
    const store = open(2);
    await (await takeOver(store)).commit([shown('a', '1')]);
    await store.close();
    expect(() => open(4)).toThrow(PartitionsMismatch);
    expect(() => open(4)).toThrow('holds the state of 2 partitions, but 4 are set');
    const again = open(2);
    expect(await load(again)).toEqual(new Map([['a', '1']]));
    await again.close();
  });

  test('is whole, with all that was answered, after its process was killed', async () => {
    for (let round = 0; round < 3; round++) {
      const killed = startWriter(dir);
      writer = killed;
      let answered = 0;
      for await (const line of createInterface(killed.stdout)) {
        const { kind, counter } = JSON.parse(line) as { kind: string; counter: number };
        expect(kind).toBe('applied');
        answered = counter;
        if (counter % 37 === 0) killed.kill('SIGKILL');
      }
      const store = open();
      const owner = await takeOver(store);
      expect(owner.counter).toBeGreaterThanOrEqual(answered);
      expect(owner.behind).toBe(false);
      const { version, head } = await deltaOf(store, null);
      expect(version.counter).toBe(owner.counter);
      expect(head.positions.lifecycle).toBe(owner.counter);
      const values = [...(await load(store)).values()].map((value) => Number(value.split(' ')[0]));
      expect(values).toHaveLength(200);
      expect(new Set(values)).toEqual(new Set([owner.counter]));
      await store.close();
    }
  });

  test('is unavailable while the disk is full, and whole', async () => {
    const limited = startWriter(dir, '1024');
    writer = limited;
    const lines: string[] = [];
    limited.stdout.on('data', (data: Buffer) => lines.push(data.toString()));
    expect(await once(limited, 'exit')).toEqual([0, null]);
    const last = JSON.parse(lines.join('').trim().split('\n').at(-1) ?? '') as {
      kind: string;
      counter: number;
    };
    expect(last).toEqual({
      counter: last.counter,
      kind: 'unavailable',
      detail: expect.stringContaining(dir) as string,
    });
    const store = open();
    const owner = await takeOver(store);
    expect(owner.counter).toBe(last.counter - 1);
    const values = [...(await load(store)).values()].map((value) => Number(value.split(' ')[0]));
    expect(new Set(values)).toEqual(new Set([owner.counter]));
    await store.close();
  });

  test('is read by another process while it is written', async () => {
    const endless = startWriter(dir);
    writer = endless;
    const answers = createInterface(endless.stdout)[Symbol.asyncIterator]();
    await answers.next();
    const store = open();
    const view = { version: null, entries: new Map<string, string>() };
    for (let seen = 0, round = 0; round < 20; round++) {
      const { value } = (await answers.next()) as { value: string };
      const { counter } = JSON.parse(value) as { counter: number };
      expect(await refresh(store, view)).toBe(true);
      const [at, ...others] = new Set([...view.entries.values()].map((text) => Number(text.split(' ')[0])));
      expect(others).toEqual([]);
      expect(at).toBeGreaterThanOrEqual(Math.max(counter, seen));
      seen = at ?? 0;
    }
    await store.close();
  });
});
