import {
  LogReadError,
  type EventLog,
  type LogUnavailable,
  type Ownership,
  type OwnedTopic,
  type PartitionOwner,
} from '../../services/log/port';
import type { Random } from '../support/history-random';
import type { Host } from './host';
import type { LogServer } from './log-server';
import type { Network } from './network';

export interface LogPlace {
  readonly server: LogServer;
  readonly network: Network;
  readonly random: Random;
  /** Why it does not answer; null: it does. */
  readonly away: () => string | null;
}

export interface SimulatedLog extends EventLog {
  /** What the group says of this process: it owns these now, and is told so. */
  assign(partitions: readonly number[]): void;
}

const TOPICS = ['lifecycle', 'telemetry'] as const;
const POLL_MS = { least: 20, most: 250 };
const BACK_OFF_MS = { least: 50, most: 600 };
const CHUNK = 5;

interface Loop {
  isOver: boolean;
  isRestarted: boolean;
}

/** A process's handle on the simulated log. */
export function openSimulatedLog({ server, network, random, away }: LogPlace, host: Host): SimulatedLog {
  const { timing } = host;
  const loops = new Map<number, Loop>();
  const ends = new Map<number, Promise<void>>();
  let owner: PartitionOwner | null = null;
  let assigned: readonly number[] = [];
  let lastFetchAtMs = -Infinity;

  function ask<T>(execute: () => T): Promise<T | LogUnavailable> {
    const unavailable = (detail: string): LogUnavailable => ({ kind: 'unavailable', detail });
    const answered = (): T | LogUnavailable => {
      const why = away();
      return why === null ? execute() : unavailable(why);
    };
    return network.request<T | LogUnavailable>(host, answered, unavailable('no answer'));
  }

  const restMs = ({ least, most }: typeof POLL_MS): Promise<void> =>
    timing.delay(random.integer(least, most));

  async function run(number: number, loop: Loop, to: PartitionOwner): Promise<void> {
    while (!isOver(loop)) {
      loop.isRestarted = false;
      const positions = await to.begin(number);
      if (positions !== null && !isOver(loop)) await deliver(number, loop, to, { ...positions });
      await restMs(BACK_OFF_MS);
    }
    await to.end(number);
  }

  async function deliver(
    number: number,
    loop: Loop,
    to: PartitionOwner,
    positions: Record<OwnedTopic, number>,
  ): Promise<void> {
    for (;;) {
      for (const topic of TOPICS) {
        const from = positions[topic];
        if (away() !== null || server.bounds(topic, number).end <= from) continue;
        const records = server.records(topic, number, from, from + random.integer(1, CHUNK));
        const taken = await to.records(topic, number, records, from + records.length);
        if (taken === 'lost' || hasEnded(loop)) return;
        positions[topic] = from + taken;
      }
      if (away() === null) lastFetchAtMs = timing.now();
      await restMs(POLL_MS);
      if (hasEnded(loop)) return;
    }
  }

  function assign(partitions: readonly number[]): void {
    assigned = partitions;
    for (const [number, loop] of loops) {
      if (partitions.includes(number)) continue;
      loop.isOver = true;
      loops.delete(number);
    }
    if (owner === null) return;
    for (const number of partitions) {
      if (loops.has(number)) continue;
      const loop = { isOver: false, isRestarted: false };
      const to = owner;
      loops.set(number, loop);
      ends.set(
        number,
        (ends.get(number) ?? Promise.resolve()).then(() => run(number, loop, to)),
      );
    }
  }

  const ownership: Ownership = {
    owned: () => [...loops.keys()].sort((a, b) => a - b),
    lastFetchAtMs: () => lastFetchAtMs,
    restart(number) {
      const loop = loops.get(number);
      if (loop !== undefined) loop.isRestarted = true;
    },
    committed: () => undefined,
    async close() {
      owner = null;
      assign([]);
      await Promise.all(ends.values());
    },
  };

  return {
    partitions: server.partitions,
    assign,
    append: (records) =>
      ask(() => {
        for (const record of records) server.append(record);
        return { kind: 'appended' as const };
      }),
    appendable: () => ask(() => ({ kind: 'appendable' as const })),
    own(to) {
      owner = to;
      assign(assigned);
      return Promise.resolve(ownership);
    },
    async bounds(topic) {
      const askedAtMs = timing.now();
      const all = Array.from({ length: server.partitions }, (_, number) => number);
      return ask(() => ({
        kind: 'bounds' as const,
        partitions: all.map((number) => server.bounds(topic, number)),
        askedAtMs,
      }));
    },
    async *read(topic, partition, from, to) {
      const answer = await ask(() => ({
        kind: 'read' as const,
        records: server.records(topic, partition, from, to),
      }));
      if (answer.kind === 'unavailable') throw new LogReadError(answer.detail);
      yield answer.records;
    },
    close: () => ownership.close(),
  };
}

/** Functions, since what they tell changes while a loop awaits. */
function isOver(loop: Loop): boolean {
  return loop.isOver;
}
function hasEnded(loop: Loop): boolean {
  return loop.isOver || loop.isRestarted;
}
