import type { Random } from '../support/history-random';
import type { Group } from './group';
import type { LogServer } from './log-server';
import { CALM, type Network, type Weather } from './network';
import type { Scheduler } from './scheduler';
import type { StoreServer } from './store-server';

export interface FaultWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly group: Group;
  readonly places: number;
  readonly store: StoreServer;
  readonly log: LogServer;
  readonly network: Network;
  /** Another process takes this replica's place. */
  readonly replaceReplica: () => void;
}

export interface Faults {
  storeAway(): string | null;
  logAway(): string | null;
  /** Whether a clock was far off for a while. */
  hadWrongClock(): boolean;
  /** All servers answer, their clocks are right, and the network is calm. */
  areOver(): boolean;
  /** What has befallen, for whoever looks into a seed. */
  readonly diary: readonly string[];
}

/**
 * The servers' clocks differ by no more, ms: what the protocol allows for, with room for a record to become
 * readable.
 */
const CLOCK_MS = 150;

const KINDS = {
  kill: 4,
  stop: 1,
  pause: 3,
  rebalance: 2,
  replaceReplica: 1,
  storeOutage: 1,
  storeRestart: 2,
  storeRestored: 3,
  failover: 4,
  logOutage: 2,
  anotherBroker: 1,
  wrongClock: 2,
  wrongBroker: 1,
  storm: 3,
} as const;
type Kind = keyof typeof KINDS;

/** How far a clock is off that is wrong: more than what page time follows at once. */
const WRONG_BY_MS = [400_000, 172_800_000];

/** Draws what befalls in the first `forMs`, and sees that all is well again some seconds later. */
export function playFaults(world: FaultWorld, forMs: number): Faults {
  const { scheduler, random, group, store, log, network } = world;
  const diary: string[] = [];
  let storeDown = 0;
  let logDown = 0;
  let wrongClocks = 0;
  let hadWrongClock = false;
  let hasRewound = false;
  /** Still to come. */
  let left = random.integer(0, 5);

  function outage(change: (by: 1 | -1) => void, ms: number): void {
    change(1);
    scheduler.after(ms, () => change(-1));
  }
  const storeOutage = (ms: number): void => outage((by) => (storeDown += by), ms);
  const clockMs = (): number => random.integer(-CLOCK_MS, CLOCK_MS);

  /** Right again soon, and in any case in the end. */
  function setWrong(set: (offsetMs: number) => void, byMs: number, forMs: number): void {
    hadWrongClock = true;
    outage((by) => (wrongClocks += by), forMs);
    set(byMs);
    scheduler.after(forMs, () => set(clockMs()));
  }
  /**
   * Under a second wrong clock nothing tells that what a rewind has left was shown under the first: that is
   * beyond what is promised.
   */
  function wrongClock(forMs: number): void {
    const byMs = random.pick(WRONG_BY_MS);
    if (!(hadWrongClock && hasRewound)) setWrong((offsetMs) => store.setClock(offsetMs), byMs, forMs);
  }

  /**
   * No state tells how far a wrong clock had shown pages that are all lost: that is beyond what is promised.
   */
  function rewind(moment: number, offsetMs: number): void {
    const kept = Math.max(0, moment);
    hasRewound = true;
    store.becomeAnother(store.losesWrongTimes(kept) ? store.moment : kept, offsetMs);
  }

  /**
   * The replica had got no further when the primary was cut off; the primary goes on for a while, then
   * refuses.
   */
  function failover(): void {
    const moment = store.moment - random.integer(0, 3);
    const goesOnMs = random.integer(0, 1900);
    left++;
    scheduler.after(goesOnMs, () => {
      left--;
      storeOutage(random.integer(500, 2500));
    });
    scheduler.after(goesOnMs + 400, () => {
      rewind(moment, clockMs());
      if (random.chance(0.1)) wrongClock(random.integer(200, 4000));
    });
  }

  function storm(forMs: number): void {
    network.weather = stormOf(random);
    scheduler.after(forMs, () => (network.weather = CALM));
  }

  /** What is on its way when the server becomes another arrives at the other one. */
  function inStorm(task: () => void): void {
    if (random.chance(0.5)) {
      task();
      return;
    }
    left++;
    storm(900);
    scheduler.after(800, () => {
      left--;
      task();
    });
  }

  function befall(kind: Kind): void {
    diary.push(`${scheduler.now()} ${kind}`);
    const place = random.integer(0, world.places - 1);
    switch (kind) {
      case 'kill': {
        group.kill(place, random.integer(20, 4000));
        return;
      }
      case 'stop': {
        group.stop(place, random.integer(20, 2000));
        return;
      }
      case 'pause': {
        group.pause(place, random.integer(100, 6000));
        return;
      }
      case 'rebalance': {
        group.rebalance();
        return;
      }
      case 'replaceReplica': {
        world.replaceReplica();
        return;
      }
      case 'storeOutage': {
        storeOutage(random.integer(50, 6500));
        return;
      }
      case 'storeRestart':
        store.becomeAnother(store.moment, store.clockOffsetMs);
        {
          storeOutage(random.integer(50, 1500));
          return;
        }
      case 'storeRestored': {
        inStorm(() => {
          rewind(store.moment - random.pick([4, 12, 60]), store.clockOffsetMs);
          storeOutage(random.integer(200, 3000));
        });
        return;
      }
      case 'failover': {
        inStorm(failover);
        return;
      }
      case 'logOutage': {
        outage((by) => (logDown += by), random.integer(50, 6000));
        return;
      }
      case 'anotherBroker':
        log.clockOffsetMs = clockMs();
        return;
      case 'wrongClock': {
        wrongClock(random.integer(200, 6000));
        return;
      }
      case 'wrongBroker': {
        const set = (offsetMs: number): number => (log.clockOffsetMs = offsetMs);
        setWrong(set, random.pick(WRONG_BY_MS), random.integer(200, 3000));
        return;
      }
      case 'storm': {
        storm(random.integer(300, Math.max(300, forMs - scheduler.now())));
        return;
      }
      default:
        return kind satisfies never;
    }
  }

  log.clockOffsetMs = clockMs();
  if (random.chance(0.05)) wrongClock(random.integer(200, 3000));
  network.weather = drizzleOf(random);
  for (let count = left; count > 0; count--) {
    scheduler.after(random.integer(300, forMs), () => {
      left--;
      befall(random.weighted(KINDS));
    });
  }
  scheduler.after(forMs + 1000, () => (network.weather = CALM));
  return {
    storeAway: () => (storeDown > 0 ? 'the store is down' : null),
    logAway: () => (logDown > 0 ? 'the log is down' : null),
    hadWrongClock: () => hadWrongClock,
    areOver: () =>
      storeDown === 0 && logDown === 0 && wrongClocks === 0 && network.weather === CALM && left === 0,
    diary,
  };
}

function drizzleOf(random: Random): Weather {
  return random.chance(0.5) ? CALM : { lost: 0.005, unanswered: 0.01, late: 0.01, twice: 0.01, slow: 0.05 };
}

function stormOf(random: Random): Weather {
  const rate = random.pick([0.1, 0.3]);
  return { lost: rate / 2, unanswered: rate, late: rate, twice: rate / 2, slow: rate };
}
