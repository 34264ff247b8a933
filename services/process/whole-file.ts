import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { PassThrough, Readable, Transform, pipeline } from 'node:stream';
import { pipeline as pipelined } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

export interface Written {
  readonly bytes: number;
  /** Of the bytes on the disk, hexadecimal. */
  readonly sha256: string;
}

const CHUNK_BYTES = 1 << 20;

/**
 * Writes the text to a file, whole or not at all: under another name until all of it is on the disk.
 * Compressed if the name ends in `.gz`.
 */
export async function writeWhole(path: string, text: AsyncIterable<string>): Promise<Written> {
  const partial = `${path}.partial`;
  const { tap, written } = openTap();
  const packed = path.endsWith('.gz') ? createGzip() : new PassThrough();
  try {
    await pipelined(Readable.from(text), packed, tap, createWriteStream(partial, { flush: true }));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return written();
}

/** Passes bytes on, counting and hashing them. */
function openTap(): { tap: Transform; written: () => Written } {
  const hash = createHash('sha256');
  let bytes = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { tap, written: () => ({ bytes, sha256: hash.digest('hex') }) };
}

export interface Reading {
  /** Decompressed. Throws if the file can't be read or decompressed. */
  readonly content: AsyncIterable<Buffer>;
  /** When all of it has been read. */
  readonly read: () => Written;
}

/** Reads a file in bounded memory, decompressed if its name ends in `.gz`. */
export function readWhole(path: string): Reading {
  const { tap, written } = openTap();
  const content = path.endsWith('.gz') ? createGunzip() : new PassThrough();
  // Iterating over `content` throws what went wrong in any part of the pipeline.
  pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), tap, content, () => undefined);
  return { content, read: written };
}
