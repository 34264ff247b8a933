import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { MAX_EVENT_BYTES } from '../../events/codec';
import { TELLING_BYTES, utf8Of } from '../../events/encoding';
import { CommandError, EXIT } from './exit';

export interface Input {
  /** Its name in messages. */
  readonly name: string;
  readonly stream: AsyncIterable<Buffer | string>;
  /** Undefined if it is not known, as for standard input. */
  readonly bytes: number | undefined;
}

/** A file, decompressed if its name ends in `.gz`, or standard input for `-`. */
export async function openInput(path: string): Promise<Input> {
  if (path === '-') return { name: 'standard input', stream: process.stdin, bytes: undefined };
  try {
    const file = await open(path);
    const stats = await file.stat();
    if (stats.isDirectory()) throw new Error('it is a folder');
    const stream = file.createReadStream({ highWaterMark: 1 << 20 });
    if (!path.endsWith('.gz')) return { name: path, stream, bytes: stats.size };
    return {
      name: path,
      stream: readable(
        path,
        pipeline(stream, createGunzip(), () => undefined),
      ),
      bytes: undefined,
    };
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error));
  }
}

/** Turns what goes wrong while a file is read into a usage error that names it. */
export async function* readable(path: string, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* content;
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error));
  }
}

function unreadable(path: string, why: string): CommandError {
  return new CommandError(EXIT.usage, `${path}: expected a file that can be read (${why})`);
}

const NEWLINE = 0x0a;

/**
 * The lines of an input, without line ends and byte order mark. Any encoding but UTF-8 ends the command. A
 * line longer than an event may be is cut one byte above that, which is enough for it to be refused as too
 * large: memory stays bounded whatever the file contains.
 */
export async function* readLines(input: Pick<Input, 'name' | 'stream'>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let held = 0;
  const hold = (part: Buffer): void => {
    const room = MAX_EVENT_BYTES + 1 - held;
    if (room <= 0) return;
    parts.push(part.subarray(0, room));
    held += Math.min(part.length, room);
  };
  const release = (): Buffer => {
    const [first] = parts;
    const line = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
    parts = [];
    held = 0;
    return line;
  };
  for await (const chunk of withoutMark(input)) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE, from); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      hold(chunk.subarray(from, end));
      yield release();
      from = end + 1;
    }
    if (from < chunk.length) hold(chunk.subarray(from));
  }
  if (held > 0) yield release();
}

async function* withoutMark({ name, stream }: Pick<Input, 'name' | 'stream'>): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  let isTold = false;
  for await (const given of stream) {
    const chunk = Buffer.from(given);
    if (isTold) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < TELLING_BYTES) continue;
    isTold = true;
    yield utf8BytesOf(name, head);
  }
  if (!isTold) yield utf8BytesOf(name, head);
}

function utf8BytesOf(name: string, head: Buffer): Buffer {
  const utf8 = utf8Of(head);
  if (utf8.kind === 'utf-8') return utf8.bytes;
  const { encoding } = utf8;
  throw new CommandError(
    EXIT.no,
    `${name}: it is ${encoding}, expected UTF-8: "iconv -f ${encoding} -t UTF-8" makes it that`,
  );
}
