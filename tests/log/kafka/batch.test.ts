import { deflateSync, gzipSync } from 'node:zlib';
import { compress } from 'snappyjs';
import {
  batchesOf,
  MAX_RECORDS,
  MAX_UNPACKED_BYTES,
  recordsOf,
  type Batch,
} from '../../../services/log/kafka/batch';
import { unpack } from '../../../services/log/kafka/codec';
import { COMPRESSED } from './compressed';

const GZIP = 1;
const SNAPPY = 2;
const LZ4 = 3;
const ZSTD = 4;

function onlyBatch(bytes: Buffer): Batch {
  const [batch, ...more] = batchesOf(bytes);
  if (!batch || more.length > 0) throw new Error('expected one batch');
  return batch;
}

/** A batch of records without compression, as a producer writes it. */
function batchOf(
  records: Buffer,
  count: number,
  baseOffset = 0,
  lastOffset = baseOffset + count - 1,
): Buffer {
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(BigInt(baseOffset), 0);
  header.writeInt32BE(49 + records.length, 8);
  header.writeInt8(2, 16);
  header.writeInt16BE(0x08, 21);
  header.writeInt32BE(lastOffset - baseOffset, 23);
  header.writeBigInt64BE(1_000n, 27);
  header.writeBigInt64BE(2_000n, 35);
  header.writeInt32BE(count, 57);
  return Buffer.concat([header, records]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function recordOf(offset: number, key: string | null, value: string | null): Buffer {
  const field = (text: string | null) =>
    text === null ? varint(-1) : Buffer.concat([varint(Buffer.byteLength(text)), Buffer.from(text)]);
  const headers = Buffer.concat([varint(1), field('h'), field('v')]);
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(5),
    varint(offset),
    field(key),
    field(value),
    headers,
  ]);
  return Buffer.concat([varint(body.length), body]);
}

describe('compression', () => {
  test.each(Object.keys(COMPRESSED))('%s', async (name) => {
    const batch = onlyBatch(Buffer.from(COMPRESSED[name] ?? '', 'base64'));
    const records = await recordsOf(batch, 3, 0);
    const expected = Array.from({ length: 40 }, (_, n) => ({ n, text: 'abcdefgh'.repeat(n % 7) }));
    expect(records.map(({ value }): unknown => JSON.parse(value?.toString() ?? 'null'))).toEqual(expected);
    expect(records.map(({ offset }) => offset)).toEqual(expected.map(({ n }) => n));
    expect(records.every(({ partition, key }) => partition === 3 && key === null)).toBe(true);
    expect(new Set(records.map(({ appendTimeMs }) => appendTimeMs))).toEqual(new Set([batch.maxTimestampMs]));
    expect(batch).toMatchObject({ baseOffset: 0, nextOffset: 40, isAppendTime: true, isControl: false });
    expect(await recordsOf(batch, 3, 39)).toHaveLength(1);
  });

  const zeros = Buffer.alloc(1_000_000);
  /** Repeats one byte: literals "a", then a match of distance 1, whose length is 4 + 15 + 255 × 3999 + 0. */
  const lz4Bomb = Buffer.concat([
    Buffer.from('04224d18606000', 'hex'),
    Buffer.from(Uint32Array.of(4005).buffer),
    Buffer.from([0x1f, 0x61, 1, 0, ...Array.from({ length: 4000 }, () => 255), 0]),
  ]);
  const snappyJava = (...chunks: Buffer[]) =>
    Buffer.concat([
      Buffer.from('82534e41505059000000000100000001', 'hex'),
      ...chunks.flatMap((chunk) => {
        const packed = compress(chunk);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(packed.length);
        return [length, packed];
      }),
    ]);
  /** A zstd frame of run-length blocks of 128 KiB. */
  const zstdBomb = Buffer.concat([
    Buffer.from('28b52ffd0038', 'hex'),
    ...Array.from({ length: 8 }, (_, i) => {
      const header = (131_072 << 3) | (1 << 1) | (i === 7 ? 1 : 0);
      return Buffer.from([header & 255, (header >> 8) & 255, header >> 16, 0]);
    }),
  ]);

  test.each([
    ['gzip', GZIP, gzipSync(zeros), 1_000_000],
    ['snappy', SNAPPY, compress(zeros), 1_000_000],
    ["snappy in snappy-java's frames", SNAPPY, snappyJava(zeros, zeros), 2_000_000],
    ['lz4', LZ4, lz4Bomb, 1 + 4 + 15 + 255 * 4000],
    ['zstd', ZSTD, zstdBomb, 8 * 131_072],
  ])('%s unpacks up to the bound, and not beyond', async (_name, codec, packed, length) => {
    await expect(unpack(codec, packed, length)).resolves.toHaveLength(length);
    await expect(unpack(codec, packed, length - 1)).rejects.toThrow();
  });

  test('a zstd frame may not ask for a window larger than the bound, nor may a later one', async () => {
    const asking = Buffer.from('28b52ffd00a8010000', 'hex'); // 2^31 bytes of window, then an empty last block
    await expect(unpack(ZSTD, asking, MAX_UNPACKED_BYTES)).rejects.toThrow('more than allowed');
    await expect(unpack(ZSTD, Buffer.concat([zstdBomb, asking]), MAX_UNPACKED_BYTES)).rejects.toThrow(
      'more than allowed',
    );
  });

  test.each([GZIP, SNAPPY, LZ4, ZSTD, 5, 7])(
    'bytes that codec %i did not write are refused',
    async (codec) => {
      for (const bytes of [
        deflateSync('x'),
        Buffer.alloc(0),
        Buffer.alloc(64, 0xff),
        Buffer.from('28b52f', 'hex'),
      ]) {
        const batch = { ...onlyBatch(batchOf(Buffer.alloc(0), 1)), codec, records: bytes };
        expect(await recordsOf(batch, 0, 0)).toMatchObject([
          { value: null, unreadable: expect.any(String) as string },
        ]);
      }
    },
  );
});

describe('records', () => {
  test('keys and values may be null or empty, headers are passed over', async () => {
    const records = Buffer.concat([recordOf(0, null, null), recordOf(1, '', ''), recordOf(4, 'ké', 'v')]);
    const batch = onlyBatch(batchOf(records, 3, 10, 17));
    expect(batch.nextOffset).toBe(18); // compaction left offsets without a record
    expect(await recordsOf(batch, 2, 0)).toEqual([
      { partition: 2, offset: 10, appendTimeMs: 2000, key: null, value: null },
      { partition: 2, offset: 11, appendTimeMs: 2000, key: Buffer.alloc(0), value: Buffer.alloc(0) },
      { partition: 2, offset: 14, appendTimeMs: 2000, key: Buffer.from('ké'), value: Buffer.from('v') },
    ]);
    const byProducerTime = await recordsOf({ ...batch, isAppendTime: false }, 2, 14);
    expect(byProducerTime).toMatchObject([{ offset: 14, appendTimeMs: 1005 }]);
  });

  test('as many records in a batch as memory bears, which is more than a call takes arguments', async () => {
    const records = Buffer.alloc(MAX_RECORDS * 7, Buffer.from('0c000000010100', 'hex')); // all of offset 0, null, null
    const batch = onlyBatch(batchOf(records, MAX_RECORDS));
    expect(await recordsOf(batch, 0, 0)).toHaveLength(MAX_RECORDS);
    expect(await recordsOf({ ...batch, count: MAX_RECORDS + 1 }, 0, 0)).toMatchObject([
      { value: null, unreadable: `a batch of ${MAX_RECORDS + 1} records, more than ${MAX_RECORDS}` },
    ]);
  });

  test.each([
    ['cut short', recordOf(0, 'key', 'value').subarray(0, 9), 1],
    ['fewer than said', recordOf(0, 'key', 'value'), 2],
    ['an offset of another batch', recordOf(7, 'key', 'value'), 1],
    ['a value longer than its record', Buffer.from('0c000000010a61', 'hex'), 1],
    ['a varint without an end', Buffer.alloc(20, 0xff), 1],
  ])('%s: the batch is one record that says so', async (_name, bytes, count) => {
    expect(await recordsOf(onlyBatch(batchOf(bytes, count, 5)), 0, 0)).toEqual([
      {
        partition: 0,
        offset: 5,
        appendTimeMs: 2000,
        key: null,
        value: null,
        unreadable: expect.any(String) as string,
      },
    ]);
  });

  test('a batch that the fetch cut short is left for the next one', () => {
    const whole = batchOf(recordOf(0, 'k', 'v'), 1);
    const bytes = Buffer.concat([whole, batchOf(recordOf(0, 'k', 'v'), 1, 1)]);
    for (let length = whole.length; length < bytes.length; length++) {
      expect([...batchesOf(bytes.subarray(0, length))]).toHaveLength(1);
    }
    expect([...batchesOf(bytes)].map(({ baseOffset }) => baseOffset)).toEqual([0, 1]);
  });

  test('a message of an old format is got past', async () => {
    const old = Buffer.alloc(40);
    old.writeBigInt64BE(9n, 0);
    old.writeInt32BE(28, 8);
    old.writeInt8(1, 16);
    const batch = onlyBatch(old);
    expect(batch).toMatchObject({ baseOffset: 9, nextOffset: 10 });
    expect(await recordsOf(batch, 0, 0)).toMatchObject([
      { offset: 9, value: null, unreadable: expect.any(String) as string },
    ]);
  });
});
