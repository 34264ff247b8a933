import type { Passed } from './sieve';

/** Passed on together. */
const CHUNK_LINES = 1000;

interface Stream {
  readonly chunks: AsyncIterator<readonly Passed[]>;
  chunk: readonly Passed[];
  at: number;
}

/**
 * Merges streams that are in order of log time into one that is too. At the same log time the earlier stream
 * comes first, so the order within a stream is kept. One chunk of each is in memory.
 */
export async function* mergeByLogTime(
  inputs: readonly AsyncIterable<readonly Passed[]>[],
): AsyncGenerator<readonly Passed[]> {
  const streams = inputs.map((input): Stream => ({
    chunks: input[Symbol.asyncIterator](),
    chunk: [],
    at: 0,
  }));
  try {
    let live = await refilled(streams);
    let merged: Passed[] = [];
    while (live.length > 0) {
      const next = earliest(live);
      const passed = next.chunk[next.at++];
      if (passed !== undefined) merged.push(passed);
      if (merged.length >= CHUNK_LINES) {
        yield merged;
        merged = [];
      }
      if (next.at === next.chunk.length && !(await refill(next)))
        live = live.filter((stream) => stream !== next);
    }
    if (merged.length > 0) yield merged;
  } finally {
    for (const { chunks } of streams) await chunks.return?.();
  }
}

async function refilled(streams: readonly Stream[]): Promise<Stream[]> {
  const live: Stream[] = [];
  for (const stream of streams) if (await refill(stream)) live.push(stream);
  return live;
}

/** False: the stream has ended. */
async function refill(stream: Stream): Promise<boolean> {
  for (;;) {
    const next = await stream.chunks.next();
    if (next.done === true) return false;
    if (next.value.length === 0) continue;
    stream.chunk = next.value;
    stream.at = 0;
    return true;
  }
}

function earliest(streams: readonly Stream[]): Stream {
  return streams.reduce((first, stream) => (timeOf(stream) < timeOf(first) ? stream : first));
}

function timeOf({ chunk, at }: Stream): number {
  return chunk[at]?.logTimeMs ?? Infinity;
}
