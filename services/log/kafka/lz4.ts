/**
 * Decompresses LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), to at most
 * `maxBytes`. Throws if it is not such a frame. Checksums are ignored; dictionaries, which Kafka doesn't use,
 * are not supported.
 */
export function unpackLz4(bytes: Buffer, maxBytes: number): Buffer {
  let output: Buffer = Buffer.alloc(Math.min(maxBytes, bytes.length * 4));
  let written = 0;
  for (let at = 0; at < bytes.length;) {
    const frame = readHeader(bytes, at);
    at = frame.blocksAt;
    for (;;) {
      const word = at < bytes.length ? bytes.readUInt32LE(at) : END_MARK;
      at += 4;
      if (word === END_MARK) break;
      const size = word & 0x7fffffff;
      if (at + size > bytes.length) throw new Error('lz4: a block is cut short');
      const block = bytes.subarray(at, at + size);
      const most = word > 0x7fffffff ? size : frame.maxBlockBytes;
      output = withRoom(output, written, Math.min(written + most, maxBytes));
      written = word > 0x7fffffff ? copyBlock(block, output, written) : unpackBlock(block, output, written);
      at += size + frame.blockChecksumBytes;
    }
    at += frame.contentChecksumBytes;
  }
  return output.subarray(0, written);
}

const MAGIC = 0x184d2204;
const END_MARK = 0;

interface FrameHeader {
  readonly blocksAt: number;
  readonly maxBlockBytes: number;
  readonly blockChecksumBytes: number;
  readonly contentChecksumBytes: number;
}

function readHeader(bytes: Buffer, at: number): FrameHeader {
  if (bytes.readUInt32LE(at) !== MAGIC) throw new Error('lz4: no frame');
  const flags = bytes.readUInt8(at + 4);
  if (flags >> 6 !== 1) throw new Error('lz4: unknown version');
  const sizeCode = (bytes.readUInt8(at + 5) >> 4) & 7;
  if (sizeCode < 4) throw new Error('lz4: unknown block size');
  const contentSizeBytes = flags & 0x08 ? 8 : 0;
  const dictionaryBytes = flags & 0x01 ? 4 : 0;
  return {
    blocksAt: at + 6 + contentSizeBytes + dictionaryBytes + 1,
    maxBlockBytes: 1 << (8 + 2 * sizeCode),
    blockChecksumBytes: flags & 0x10 ? 4 : 0,
    contentChecksumBytes: flags & 0x04 ? 4 : 0,
  };
}

function withRoom(output: Buffer, written: number, length: number): Buffer {
  if (output.length >= length) return output;
  const larger = Buffer.alloc(Math.max(length, output.length * 2));
  output.copy(larger, 0, 0, written);
  return larger;
}

function copyBlock(block: Buffer, output: Buffer, written: number): number {
  if (written + block.length > output.length) throw tooLarge();
  block.copy(output, written);
  return written + block.length;
}

/**
 * A block is a list of (literals, match). Blocks of a frame may refer to earlier ones: `output` holds those
 * too.
 */
function unpackBlock(block: Buffer, output: Buffer, start: number): number {
  let at = 0;
  let written = start;

  function lengthOf(nibble: number): number {
    let length = nibble;
    if (nibble === 15) {
      let more;
      do length += more = block.readUInt8(at++);
      while (more === 255);
    }
    return length;
  }

  while (at < block.length) {
    const token = block.readUInt8(at++);
    const literals = lengthOf(token >> 4);
    if (at + literals > block.length) throw new Error('lz4: literals are cut short');
    if (written + literals > output.length) throw tooLarge();
    block.copy(output, written, at, at + literals);
    at += literals;
    written += literals;
    if (at === block.length) break; // the last sequence has no match

    const distance = block.readUInt16LE(at);
    at += 2;
    if (distance === 0 || distance > written) throw new Error('lz4: a match refers to before the start');
    const length = lengthOf(token & 15) + 4;
    if (written + length > output.length) throw tooLarge();
    const from = written - distance;
    if (distance >= length) output.copyWithin(written, from, from + length);
    else repeat(output, written, distance, length);
    written += length;
  }
  return written;
}

/** A match that overlaps what it writes repeats the last `distance` bytes. */
function repeat(output: Buffer, written: number, distance: number, length: number): void {
  if (distance === 1) {
    output.fill(output.readUInt8(written - 1), written, written + length);
    return;
  }
  for (let done = 0; done < length;) {
    const step = Math.min(length - done, distance + done);
    output.copyWithin(written + done, written - distance, written - distance + step);
    done += step;
  }
}

function tooLarge(): Error {
  return new Error('lz4: unpacks to more than allowed');
}
