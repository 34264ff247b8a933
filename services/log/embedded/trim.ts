import type { Topic } from '../port';
import { DEAD_LETTERS_MS } from '../retention';
import type { TelemetryRetention } from '../retention';
import type { Limits, RecordStore } from './records';

const EVERY_MS = 5000;
/** Deleted in one transaction: few enough that an append after it hardly waits. */
const CHUNK = { records: 2000, bytes: 8 * 1024 * 1024 };
/** A small part of what is kept: this much is deleted of one partition before it is the next one's turn. */
const TURNS = 25;

/**
 * Every few seconds, drops what is past its retention time, and the oldest telemetry beyond its limit of
 * bytes. LMDB reuses freed pages, so the file grows no larger than what is kept plus what comes in between
 * two rounds.
 */
export function keepTrimmed(
  records: RecordStore,
  partitions: number,
  retention: TelemetryRetention,
  now: () => number,
): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined = undefined;
  let trimmed = round();

  async function round(): Promise<void> {
    // What can't be deleted now (not even for that is there space) is tried again the next time.
    await trimAll(records, partitions, retention, now()).catch(() => undefined);
    if (!stopped) timer = setTimeout(start, EVERY_MS).unref();
  }

  function start(): void {
    trimmed = round();
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await trimmed;
    },
  };
}

/** One round. */
export async function trimAll(
  records: RecordStore,
  partitions: number,
  { ageMs, bytes = Infinity }: TelemetryRetention,
  nowMs: number,
): Promise<void> {
  const numbers = Array.from({ length: partitions }, (_, partition) => partition);
  const trimAge = async (topic: Topic, partition: number, keptMs: number): Promise<void> => {
    while ((await records.trim(topic, partition, nowMs - keptMs, CHUNK)) > 0);
  };
  for (const partition of numbers) {
    await trimAge('telemetry', partition, ageMs);
    await trimAge('dead-letter', partition, DEAD_LETTERS_MS);
  }
  const turn = { ...CHUNK, bytes: Math.min(CHUNK.bytes, bytes / TURNS) };
  while (records.bytesOnDisk('telemetry') > bytes) {
    const oldest = numbers
      .map((partition) => ({ partition, timeMs: records.firstAppendTimeMs('telemetry', partition) }))
      .sort((a, b) => a.timeMs - b.timeMs)
      .map(({ partition }) => partition);
    if (!(await trimFirst(records, oldest, turn))) return;
  }
}

/** From the first of these partitions that has some. */
async function trimFirst(
  records: RecordStore,
  partitions: readonly number[],
  limits: Limits,
): Promise<boolean> {
  for (const partition of partitions) {
    if ((await records.trim('telemetry', partition, Infinity, limits)) > 0) return true;
  }
  return false;
}
