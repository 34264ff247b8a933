/**
 * Delivery of records to the one owner of each partition number: what the two adapters have in common.
 *
 * Each owned partition number has a loop of its own, so that a slow partition doesn't hold up the others, and
 * the owner gets one call at a time for it:
 *
 *     begin() ── null ──> back off, begin() again
 *        └─ positions ──> records() of both topics in turn ── 'lost', restart(), diverged ──> back off, again
 *                              └─ no longer owned ──> end()
 */
import type { LogRecord, OwnedTopic, PartitionOwner, Positions } from './port';
import { openSignal } from './signal';
import type { Signal } from './signal';

/** The most that one call of records() gets; a single larger record still goes through. */
export const CHUNK_RECORDS = 1000;
export const CHUNK_BYTES = 4 * 1024 * 1024;

const TOPICS = ['lifecycle', 'telemetry'] as const;
/** How long a topic rests after nothing was taken of it. */
const REFUSED_MS = 100;
/** begin() is asked again after 100 ms, then twice as long each time, up to 5 s. */
const BACK_OFF_MS = { first: 100, most: 5000 };
/** A delivery that lasted this long was not part of a tug-of-war between two owners: back-off starts over. */
const SETTLED_MS = 10_000;
/** Wake-ups come from the feed; this only bounds how long one may be missed. */
const IDLE_MS = 1000;

export interface Chunk {
  readonly kind: 'chunk';
  readonly records: readonly LogRecord[];
  /** The position after them. */
  readonly next: number;
}

/** The position to read from is not on the log. */
export interface Gone {
  readonly kind: 'gone';
  readonly detail: string;
}

/** Where a delivery gets its records from: the adapter's side. */
export interface Feed {
  /** Starts over at these positions and drops whatever was read ahead. */
  seek(partition: number, positions: Positions): void;
  /** The records after the last chunk, if there are any now; after `null`, the adapter calls wake(). */
  take(topic: OwnedTopic, partition: number): Promise<Chunk | Gone | null>;
  /** Nothing more of the partition is needed. */
  release(partition: number): void;
}

export interface Delivery {
  /** Ascending. */
  owned(): readonly number[];
  /** The partition numbers owned from now on: delivery begins for new ones and ends for missing ones. */
  own(partitions: readonly number[]): void;
  /** There may be something new to take. */
  wake(partition: number): void;
  restart(partition: number): void;
  /** Gives up all partitions; resolves when the calls in flight are done. */
  close(): Promise<void>;
}

interface Loop {
  readonly signal: Signal;
  ended: boolean;
  restarted: boolean;
}

interface Deliveries {
  readonly owner: PartitionOwner;
  readonly feed: Feed;
  readonly onFatal: (error: Error) => void;
  readonly loops: Map<number, Loop>;
  /** The last loop of each partition number, ended or not: the next one starts after it. */
  readonly done: Map<number, Promise<void>>;
}

/** Drives `owner` from `feed`. `onFatal` is called if an owner or a feed throws, which must not happen. */
export function openDelivery(owner: PartitionOwner, feed: Feed, onFatal: (error: Error) => void): Delivery {
  const deliveries: Deliveries = { owner, feed, onFatal, loops: new Map(), done: new Map() };
  const { loops, done } = deliveries;
  let closed = false;
  return {
    owned: () => [...loops.keys()].sort((a, b) => a - b),
    own(partitions) {
      if (closed) return;
      const wanted = new Set(partitions);
      for (const partition of [...loops.keys()]) if (!wanted.has(partition)) stop(deliveries, partition);
      for (const partition of wanted) if (!loops.has(partition)) start(deliveries, partition);
    },
    wake: (partition) => loops.get(partition)?.signal.raise(),
    restart(partition) {
      const loop = loops.get(partition);
      if (!loop) return;
      loop.restarted = true;
      loop.signal.raise();
    },
    async close() {
      closed = true;
      for (const partition of [...loops.keys()]) stop(deliveries, partition);
      await Promise.all(done.values());
    },
  };
}

function start(deliveries: Deliveries, partition: number): void {
  const { loops, done, onFatal } = deliveries;
  const loop: Loop = { signal: openSignal(), ended: false, restarted: false };
  loops.set(partition, loop);
  const before = done.get(partition) ?? Promise.resolve();
  done.set(
    partition,
    before
      .then(() => run(deliveries, partition, loop))
      .catch((error: unknown) => {
        stop(deliveries, partition);
        onFatal(error instanceof Error ? error : new Error(String(error)));
      }),
  );
}

function stop({ loops }: Deliveries, partition: number): void {
  const loop = loops.get(partition);
  if (!loop) return;
  loop.ended = true;
  loop.signal.raise();
  loops.delete(partition);
}

async function run(deliveries: Deliveries, partition: number, loop: Loop): Promise<void> {
  const { owner, feed } = deliveries;
  if (hasEnded(loop)) return;
  for (let attempt = 0; !hasEnded(loop); attempt++) {
    loop.restarted = false;
    const positions = await owner.begin(partition);
    if (hasEnded(loop)) break;
    const beganAtMs = performance.now();
    if (positions) await deliver(deliveries, partition, loop, positions);
    if (performance.now() - beganAtMs > SETTLED_MS) attempt = 0;
    await rest(loop, backOffMs(attempt));
  }
  feed.release(partition);
  await owner.end(partition);
}

/** Returns when delivery from these positions has ended, for whichever reason. */
async function deliver(
  { owner, feed }: Deliveries,
  partition: number,
  loop: Loop,
  positions: Positions,
): Promise<void> {
  const waiting = { lifecycle: noneWaiting(), telemetry: noneWaiting() };
  feed.seek(partition, positions);
  for (;;) {
    let called = false;
    for (const topic of TOPICS) {
      const state = waiting[topic];
      if (state.notBeforeMs > performance.now()) continue;
      const chunk = state.rest ?? (await feed.take(topic, partition));
      if (isOver(loop)) return;
      if (chunk === null) continue;
      if (chunk.kind === 'gone') {
        owner.diverged?.(partition, chunk.detail);
        return;
      }
      called = true;
      const taken = await owner.records(topic, partition, chunk.records, chunk.next);
      if (taken === 'lost' || isOver(loop)) return;
      state.rest = restOf(chunk, taken);
      state.notBeforeMs = state.rest && taken === 0 ? performance.now() + REFUSED_MS : 0;
    }
    if (!called) await loop.signal.wait(idleMs([waiting.lifecycle, waiting.telemetry]));
    if (isOver(loop)) return;
  }
}

interface Waiting {
  /** The rest of a chunk that was taken in part. */
  rest: Chunk | null;
  notBeforeMs: number;
}

function noneWaiting(): Waiting {
  return { rest: null, notBeforeMs: 0 };
}

/** Functions, since their results change while a loop awaits. */
function hasEnded(loop: Loop): boolean {
  return loop.ended;
}
function isOver(loop: Loop): boolean {
  return loop.ended || loop.restarted;
}

function restOf(chunk: Chunk, taken: number): Chunk | null {
  if (!Number.isInteger(taken) || taken < 0 || taken > chunk.records.length) {
    throw new Error(`records() answered ${taken}, expected 0 to ${chunk.records.length} or 'lost'`);
  }
  return taken === chunk.records.length ? null : { ...chunk, records: chunk.records.slice(taken) };
}

function idleMs(topics: readonly Waiting[]): number {
  const now = performance.now();
  const rests = topics.map(({ notBeforeMs }) => notBeforeMs - now).filter((ms) => ms > 0);
  return Math.min(IDLE_MS, ...rests);
}

/** Jitter keeps two owners that oust each other from doing so in step. */
function backOffMs(attempt: number): number {
  const ms = Math.min(BACK_OFF_MS.most, BACK_OFF_MS.first * 2 ** attempt);
  return ms * (0.75 + Math.random() / 2);
}

/** Unlike a wait for records, it is not cut short by a wake-up, only by the end. */
async function rest(loop: Loop, ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  for (let left = ms; left > 0 && !hasEnded(loop); left = untilMs - performance.now())
    await loop.signal.wait(left);
}
