import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import type { Piece } from '../page/block';

/**
 * A page as one gzip member. Each piece is deflated by itself and ends on a byte (a sync flush), so pieces can be put together, and of
 * kept lines that are the same bytes as on the page before the deflated form is the same too: it is kept, and costs nothing. (Members
 * could be put together as well, but browsers show the first alone.)
 */
export async function* gzipPieces(pieces: AsyncIterable<Piece>): AsyncGenerator<Buffer> {
  let crc = 0;
  let length = 0;
  const deflating: Promise<Buffer>[] = [];
  yield HEADER;
  for await (const piece of joined(pieces)) {
    for (const bytes of piece.bytes) {
      crc = crc32(bytes, crc);
      length += bytes.length;
    }
    deflating.push(deflated(piece));
    if (deflating.length > AT_ONCE) yield await next(deflating);
  }
  while (deflating.length > 0) yield await next(deflating);
  const end = Buffer.concat([LAST_BLOCK, Buffer.alloc(8)]);
  end.writeUInt32LE(crc, LAST_BLOCK.length);
  end.writeUInt32LE(length % 2 ** 32, LAST_BLOCK.length + 4);
  yield end;
}

/** RFC 1952: deflate, no name, no time, of no particular system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** An empty block that says that it is the last one. */
const LAST_BLOCK = Buffer.from([0x03, 0x00]);

/** How many pieces are deflated at a time, beside the event loop. */
const AT_ONCE = 4;
/** Below this, starting to deflate costs more than it does. */
const WORTHWHILE_BYTES = 256 * 1024;

async function next(deflating: Promise<Buffer>[]): Promise<Buffer> {
  return (await deflating.shift()) ?? Buffer.alloc(0);
}

/** Small pieces that are not kept, put together. */
async function* joined(pieces: AsyncIterable<Piece>): AsyncGenerator<Piece> {
  let bytes: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    if (piece.slot === null) {
      bytes.push(...piece.bytes);
      length += piece.bytes.reduce((sum, one) => sum + one.length, 0);
    }
    if (bytes.length > 0 && (piece.slot !== null || length >= WORTHWHILE_BYTES)) {
      yield { bytes, slot: null };
      [bytes, length] = [[], 0];
    }
    if (piece.slot !== null) yield piece;
  }
  if (bytes.length > 0) yield { bytes, slot: null };
}

const deflate = promisify(deflateRaw);

async function deflated({ bytes, slot }: Piece): Promise<Buffer> {
  const kept = slot?.kept;
  if (kept?.of.length === bytes.length && kept.of.every((one, i) => one === bytes[i])) return kept.made;
  const whole = bytes.length === 1 ? (bytes[0] ?? Buffer.alloc(0)) : Buffer.concat(bytes);
  const made = await deflate(whole, { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
  if (slot !== null) slot.kept = { of: bytes, made };
  return made;
}
