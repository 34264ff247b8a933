import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecords, type Entry, type RecordStore } from '../../../services/log/embedded/records';
import { trimAll } from '../../../services/log/embedded/trim';

jest.setTimeout(60_000);

const PARTITIONS = 3;
const MEGABYTE = 1_000_000;

let dir: string;
let records: RecordStore;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-trim-'));
  records = openRecords(dir, PARTITIONS);
});
afterEach(async () => {
  await records.close();
  rmSync(dir, { recursive: true });
});

function batch(topic: Entry['topic'], timeMs: number, sizes: readonly number[]): Entry[] {
  const ends = Array.from({ length: PARTITIONS }, (_, partition) => records.bounds(topic, partition).end);
  return sizes.map((size, index) => {
    const partition = index % PARTITIONS;
    const offset = ends[partition] ?? 0;
    ends[partition] = offset + 1;
    return { topic, partition, offset, appendTimeMs: timeMs, key: 'k', value: Buffer.alloc(size, timeMs) };
  });
}

test('the oldest telemetry goes beyond its bytes, and what is freed is used again', async () => {
  const retention = { ageMs: Infinity, bytes: 4 * MEGABYTE };
  // Of 0.4 kB and of 30 kB, as usage and a node's GPUs: records within a page, and over several.
  const sizes = Array.from({ length: 300 }, (_, index) => (index % 10 === 0 ? 30_000 : 400));
  await records.write(batch('lifecycle', 1, sizes));
  const fileSizes: number[] = [];
  for (let round = 1; round <= 40; round++) {
    await records.write(batch('telemetry', round, sizes));
    await trimAll(records, PARTITIONS, retention, round);
    expect(records.bytesOnDisk('telemetry')).toBeLessThanOrEqual(retention.bytes);
    fileSizes.push(statSync(join(dir, 'data.mdb')).size);
  }
  // 40 MB came in.
  expect(fileSizes.at(-1)).toBeLessThan(2.5 * retention.bytes);
  expect(fileSizes.at(-1)).toBeLessThanOrEqual(1.2 * (fileSizes[19] ?? 0));
  const kept = Array.from({ length: PARTITIONS }, (_, partition) =>
    records.firstAppendTimeMs('telemetry', partition),
  );
  expect(Math.max(...kept) - Math.min(...kept)).toBeLessThanOrEqual(1);
  expect(Math.min(...kept)).toBeGreaterThan(30);
  expect(records.bounds('lifecycle', 0)).toEqual({ start: 0, end: 100 });
});

test('a limit that is too small for one record of each partition leaves these', async () => {
  await records.write(batch('telemetry', 1, new Array<number>(9).fill(50_000)));
  await trimAll(records, PARTITIONS, { ageMs: Infinity, bytes: 1 }, 2);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    expect(records.bounds('telemetry', partition)).toEqual({ start: 2, end: 3 });
  }
});
