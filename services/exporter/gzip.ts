import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import type { Piece, Slot } from '../page/block';
import { joinCrc } from './join-crc';

/**
 * A page as one gzip member. Each piece is deflated separately and ends on a byte (a sync flush), so pieces
 * can be concatenated. For kept lines that are the same bytes as on the previous page, the deflated form is
 * the same too: it is kept, and costs nothing. (Members could be concatenated as well, but browsers show only
 * the first.)
 */
export async function* gzipPieces(pieces: AsyncIterable<Piece>): AsyncGenerator<Buffer> {
  let crc = 0;
  let length = 0;
  const deflating: Promise<Deflated>[] = [];
  const next = async (): Promise<Buffer> => {
    const made = await deflating.shift();
    if (made === undefined) return Buffer.alloc(0);
    crc = joinCrc(crc, made.crc, made.of.length);
    length += made.of.length;
    return made.deflated;
  };
  yield HEADER;
  for await (const piece of joined(pieces)) {
    deflating.push(deflated(piece));
    if (deflating.length > AT_ONCE) yield await next();
  }
  while (deflating.length > 0) yield await next();
  const end = Buffer.concat([LAST_BLOCK, Buffer.alloc(8)]);
  end.writeUInt32LE(crc, LAST_BLOCK.length);
  end.writeUInt32LE(length % 2 ** 32, LAST_BLOCK.length + 4);
  yield end;
}

type Deflated = NonNullable<Slot['kept']>;

/** RFC 1952: deflate, no name, no time, no particular system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** An empty block marked as the last one. */
const LAST_BLOCK = Buffer.from([0x03, 0x00]);

/** How many pieces are deflated at a time, off the event loop. */
const AT_ONCE = 4;
/** Below this, starting to deflate costs more than it does. */
const WORTHWHILE_BYTES = 256 * 1024;

/** Concatenates small pieces that are not kept. */
async function* joined(pieces: AsyncIterable<Piece>): AsyncGenerator<Piece> {
  let small: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const isSmall = piece.slot === null && piece.bytes.length < WORTHWHILE_BYTES;
    if (isSmall) {
      small.push(piece.bytes);
      length += piece.bytes.length;
    }
    if (small.length > 0 && (!isSmall || length >= WORTHWHILE_BYTES)) {
      yield { bytes: Buffer.concat(small), slot: null };
      [small, length] = [[], 0];
    }
    if (!isSmall) yield piece;
  }
  if (small.length > 0) yield { bytes: Buffer.concat(small), slot: null };
}

const deflate = promisify(deflateRaw);

async function deflated({ bytes, slot }: Piece): Promise<Deflated> {
  const kept = slot?.kept;
  if (kept !== undefined && kept !== null && isSameMemory(kept.of, bytes)) return kept;
  const crc = crc32(bytes);
  const made = await deflate(bytes, { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
  const all = { of: bytes, deflated: made, crc };
  if (slot !== null) slot.kept = all;
  return all;
}

/** Kept lines are never written over. */
function isSameMemory(a: Buffer, b: Buffer): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length;
}
