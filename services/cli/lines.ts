import { open } from 'node:fs/promises';
import { MAX_EVENT_BYTES } from '../../events/codec';
import { CommandError, EXIT } from './exit';

export interface Input {
  readonly stream: AsyncIterable<Buffer | string>;
  /** Undefined where it is not known, as of standard input. */
  readonly bytes: number | undefined;
}

/** A file, or standard input for `-`. */
export async function openInput(path: string): Promise<Input> {
  if (path === '-') return { stream: process.stdin, bytes: undefined };
  try {
    const file = await open(path);
    const stats = await file.stat();
    if (stats.isDirectory()) throw new Error('it is a folder');
    return { stream: file.createReadStream({ highWaterMark: 1 << 20 }), bytes: stats.size };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.usage, `${path}: expected a file that can be read (${why})`);
  }
}

const NEWLINE = 0x0a;

/**
 * The lines of a stream, without their ends. A line that is longer than an event may be is cut a byte above that, which is enough
 * for it to be refused as too large: memory stays bounded whatever the file holds.
 */
export async function* readLines(input: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
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
  for await (const given of input) {
    const chunk = Buffer.from(given);
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
