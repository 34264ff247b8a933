import { openRandom, type Random } from '../support/history-random';
import type { Entry, Settings } from '../support/history';
import { simulate, type Simulation } from './simulation';

/** What else happens besides records coming in, being read and committed. */
export interface Incidents {
  /** Owners change. */
  readonly takeOver: boolean;
  /** An owner dies with records in memory that it did not commit. */
  readonly die: boolean;
  /** Records stand on another partition, or topic, than their own. */
  readonly stray: boolean;
  /** The store is rewound. */
  readonly rewind: boolean;
  /** The clock of all that has one is wrong for a while, far ahead, and is set right again. */
  readonly wrongClock?: boolean;
}

const EPOCH_MS = Date.UTC(2026, 10, 24, 8);

/**
 * Lets a history come in, be read in batches of any size and committed at a clock that jumps; `look` is
 * called after each step.
 */
export function play(
  seed: number,
  entries: readonly Entry[],
  settings: Settings,
  incidents: Incidents,
  look: (simulation: Simulation) => void,
): Simulation {
  const random = openRandom(seed);
  const simulation = simulate(settings, EPOCH_MS);
  const incoming = [...entries];
  const backlog = random.pick([0, 0, 30]);
  const largestBatch = random.pick([1, 3, 12]);
  let wrongByMs = 0;
  for (;;) {
    const all = partitionsOf(simulation);
    const unread = all.some((number) => hasUnread(simulation, number));
    if (incoming.length === 0 && !unread) return simulation;
    if (incoming.length > 0 && (!unread || random.chance(0.5))) {
      for (let left = random.integer(1, backlog + 3); left > 0; left--)
        comeIn(simulation, random, incoming, incidents);
    }
    const number = random.pick(all);
    if (incidents.rewind && random.chance(0.05)) simulation.rewind(number, random.integer(1, 8));
    passTime(simulation, random);
    if (incidents.wrongClock === true && random.chance(wrongByMs === 0 ? 0.04 : 0.2)) {
      const nextMs = wrongByMs === 0 ? random.pick([400_000, 2 * 86_400_000]) : 0;
      simulation.nowMs += nextMs - wrongByMs;
      wrongByMs = nextMs;
    }
    const counts = { lifecycle: random.integer(0, largestBatch), telemetry: random.integer(0, largestBatch) };
    if (incidents.die && random.chance(0.1)) {
      simulation.fold(number, counts, false);
      simulation.takeOver(number);
    }
    if (incidents.takeOver && random.chance(0.15)) simulation.takeOver(number);
    simulation.fold(number, counts);
    look(simulation);
  }
}

export function partitionsOf({ partitions }: Simulation): number[] {
  return Array.from({ length: partitions }, (_, number) => number);
}

export function hasUnread(simulation: Simulation, number: number): boolean {
  const { lifecycle, telemetry } = simulation.unread(number);
  return lifecycle + telemetry > 0;
}

function comeIn(simulation: Simulation, random: Random, incoming: Entry[], { stray }: Incidents): void {
  const entry = incoming.shift();
  if (entry === undefined) return;
  if (entry.event !== undefined && random.chance(0.8)) {
    // Around its event's time, as a producer's clock and the way to the log have it; never back.
    const delayMs = random.pick([0, 0, 500, 2000, 60_000, -200_000]);
    simulation.nowMs = Math.max(simulation.nowMs, Date.parse(entry.event.time.toUpperCase()) + delayMs);
  }
  const place = {
    topic: random.pick(['lifecycle', 'telemetry'] as const),
    partition: random.pick(partitionsOf(simulation)),
  };
  if (stray && (entry.event === undefined || random.chance(0.1))) simulation.append(entry.line, place);
  else simulation.append(entry.line);
}

function passTime(simulation: Simulation, random: Random): void {
  simulation.nowMs += random.pick([0, 1, 400, 1500, 20_000, 700_000]);
}
