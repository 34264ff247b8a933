import { setTimeout as delay } from 'node:timers/promises';
import type { AppendRecord, EventLog } from '../../services/log/port';
import { openRandom } from '../support/history-random';
import { recordOf } from '../simulation/log-server';
import { tellOfFleet, type Told } from '../simulation/fleet';

/** Fleets that live in real time: jobs come, cost money and end, each event known 0 to 5 s late. */
export interface Load {
  /** Events put on the log so far. */
  readonly sent: number;
  /** Tells what was to be told by now, and stands still. */
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

/** How a record gets onto the log; the default is as it should be, acknowledged or sent again. */
export type Send = (records: readonly AppendRecord[]) => Promise<void>;

const STEP_MS = 100;
/** Each fleet lives that long. */
const LIFE_MS = 10_000;
/** A fleet begins that often. */
const EVERY_MS = 700;
const RETRY_MS = 200;

export function acknowledged(log: EventLog): Send {
  return async (records) => {
    while ((await log.append(records)).kind !== 'appended') await delay(RETRY_MS);
  };
}

/** @param strays some records go to another partition than their own */
export function startLoad(partitions: number, send: Send, seed: number): Load {
  const random = openRandom(seed);
  let due: (Told & { readonly dueMs: number })[] = [];
  let sent = 0;
  let fleets = 0;
  let nextFleetMs = 0;
  let paused = false;
  let stopped = false;
  let working: Promise<void> = Promise.resolve();

  async function step(): Promise<void> {
    const nowMs = Date.now();
    if (nowMs >= nextFleetMs) {
      nextFleetMs = nowMs + EVERY_MS;
      const told = tellOfFleet(random, LIFE_MS, nowMs, `f${fleets++}-`);
      due = [...due, ...told.map((one) => ({ ...one, dueMs: nowMs + one.atMs }))].sort(
        (a, b) => a.dueMs - b.dueMs,
      );
    }
    const now = due.filter(({ dueMs }) => dueMs <= nowMs);
    due = due.filter(({ dueMs }) => dueMs > nowMs);
    if (now.length === 0) return;
    await send(
      now.map(({ line, strays }) => {
        const record = recordOf(line, partitions, 0);
        return strays ? { ...record, partition: (record.partition + 1) % partitions } : record;
      }),
    );
    sent += now.length;
  }

  const running = (async () => {
    for (;;) {
      if (isOver()) return;
      if (!isPaused()) {
        working = step();
        await working;
      }
      await delay(STEP_MS);
    }
  })();
  /** Functions, since what they tell changes while the loop awaits. */
  function isOver(): boolean {
    return stopped;
  }
  function isPaused(): boolean {
    return paused;
  }

  return {
    get sent() {
      return sent;
    },
    async pause() {
      paused = true;
      await working;
    },
    resume: () => (paused = false),
    async stop() {
      stopped = true;
      await running;
    },
  };
}
