import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { uncompress } from 'snappyjs';
import { unpackLz4 } from './lz4';

const gunzipAsync = promisify(gunzip);

/**
 * What Kafka's `compression.type` calls them, by their number in a record batch's attributes (KIP-110 for
 * zstd).
 */
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export const CODEC_MASK = 0x07;

/**
 * Decompresses the records of a batch, to at most `maxBytes`: half a megabyte of gzip can hold half a
 * gigabyte. Throws if there is more, or if the bytes are not what the codec number says.
 */
export async function unpack(codecNumber: number, bytes: Buffer, maxBytes: number): Promise<Buffer> {
  const codec = CODECS[codecNumber];
  switch (codec) {
    case 'none':
      return bytes;
    case 'gzip':
      return gunzipAsync(bytes, { maxOutputLength: maxBytes });
    case 'snappy':
      return unpackSnappy(bytes, maxBytes);
    case 'lz4':
      return unpackLz4(bytes, maxBytes);
    case 'zstd':
      return unpackZstd(bytes, maxBytes);
    case undefined:
      throw new Error(`unknown compression codec ${codecNumber}`);
    default:
      return codec satisfies never;
  }
}

/**
 * snappy-java's framing, which Kafka's Java client writes: this, two version numbers, then chunks with their
 * length.
 */
const SNAPPY_JAVA_MAGIC = Buffer.from('\x82SNAPPY\0', 'latin1');
const SNAPPY_JAVA_HEADER_BYTES = 16;

function unpackSnappy(bytes: Buffer, maxBytes: number): Buffer {
  if (!startsSnappyJava(bytes, 0)) return uncompress(bytes, maxBytes);
  const chunks: Buffer[] = [];
  let room = maxBytes;
  for (let at = 0; at < bytes.length;) {
    if (startsSnappyJava(bytes, at)) {
      at += SNAPPY_JAVA_HEADER_BYTES;
      continue;
    }
    const length = bytes.readUInt32BE(at);
    at += 4;
    const chunk = uncompress(bytes.subarray(at, at + length), room);
    room -= chunk.length;
    chunks.push(chunk);
    at += length;
  }
  return Buffer.concat(chunks);
}

function startsSnappyJava(bytes: Buffer, at: number): boolean {
  return bytes.subarray(at, at + SNAPPY_JAVA_MAGIC.length).equals(SNAPPY_JAVA_MAGIC);
}

function unpackZstd(bytes: Buffer, maxBytes: number): Buffer {
  checkZstdWindows(bytes, maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const stream = new Decompress((chunk) => {
    length += chunk.length;
    if (length > maxBytes) throw new Error('zstd: unpacks to more than allowed');
    chunks.push(chunk);
  });
  stream.push(bytes, true);
  return Buffer.concat(chunks, length);
}

const ZSTD_MAGIC = 0xfd2fb528;

/**
 * fzstd allocates the window that a frame asks for, up to 2 GiB, before it has decompressed a byte. So each
 * frame's window is read here first, and its blocks are walked over to find the next frame (RFC 8878, 3.1.1).
 */
function checkZstdWindows(bytes: Buffer, maxBytes: number): void {
  for (let at = 0; at < bytes.length;) {
    if (bytes.readUInt32LE(at) !== ZSTD_MAGIC) throw new Error('zstd: no frame');
    const flags = bytes.readUInt8(at + 4);
    const isSingleSegment = (flags & 0x20) !== 0;
    const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
    const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
    const windowAt = at + 5;
    const contentSizeAt = windowAt + (isSingleSegment ? 0 : 1) + dictionaryBytes;
    const windowBytes = isSingleSegment
      ? littleEndian(bytes, contentSizeAt, contentSizeBytes)
      : zstdWindowBytes(bytes.readUInt8(windowAt));
    if (windowBytes > maxBytes) throw new Error('zstd: unpacks to more than allowed');
    at = endOfZstdBlocks(bytes, contentSizeAt + contentSizeBytes) + (flags & 0x04 ? 4 : 0);
  }
}

function zstdWindowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function endOfZstdBlocks(bytes: Buffer, from: number): number {
  for (let at = from; ;) {
    const header = bytes.readUIntLE(at, 3);
    const isRunLength = ((header >> 1) & 3) === 1;
    at += 3 + (isRunLength ? 1 : header >> 3);
    if (header & 1) return at;
  }
}

function littleEndian(bytes: Buffer, at: number, length: number): number {
  return length === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUIntLE(at, length);
}
