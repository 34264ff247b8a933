import { openAggregator, type Aggregator } from '../../services/aggregator/aggregator';
import type { LedgerSettings } from '../../services/fold/ledger';
import type { Logger } from '../../services/process/logger';
import type { ProcessMetrics } from '../../services/process/metrics';
import type { StateStore } from '../../services/store/port';
import type { Random } from '../support/history-random';
import { openHost, type Host } from './host';
import type { SimulatedLog } from './log';
import type { Scheduler } from './scheduler';

/**
 * The processes that fold, and the consumer group that says who has which partition: a hint, late and wrong
 * at times.
 */
export interface Group {
  /** Kills the process in this place, if one is there; another one comes after `restartMs`. */
  kill(place: number, restartMs: number): void;
  /** As a SIGTERM: it commits and goes. */
  stop(place: number, restartMs: number): void;
  pause(place: number, forMs: number): void;
  /** Gives the partitions to whoever is there; who loses one hears of it late. */
  rebalance(): void;
}

export interface GroupWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly partitions: number;
  readonly settings: LedgerSettings;
  readonly logger: Logger;
  readonly metrics: ProcessMetrics;
  readonly openStore: (host: Host) => StateStore;
  readonly openLog: (host: Host) => SimulatedLog;
  /** What must not happen. */
  readonly fail: (what: string) => void;
}

interface Member {
  readonly host: Host;
  readonly log: SimulatedLog;
  /** In the group's eyes; a member that was not heard of is out. */
  isIn: boolean;
  aggregator: Aggregator | null;
}

const SESSION_MS = { least: 300, most: 2500 };
const NOTICE_MS = { least: 0, most: 2500 };

export function openGroup(world: GroupWorld, places: number): Group {
  const { scheduler, random, partitions } = world;
  const members: (Member | null)[] = Array.from({ length: places }, () => null);
  let owners: (Member | null)[] = Array.from({ length: partitions }, () => null);
  let count = 0;

  function start(place: number): void {
    const host = openHost(`owner ${place}.${count++}`, scheduler, random.integer(0, 1_000_000));
    const member: Member = { host, log: world.openLog(host), isIn: true, aggregator: null };
    members[place] = member;
    const { settings, logger, metrics } = world;
    const store = world.openStore(host);
    const onFatal = (error: Error): void => world.fail(`${host.name}: ${error.message}`);
    openAggregator({ log: member.log, store, settings, logger, metrics, onFatal, timing: host.timing }).then(
      (aggregator) => (member.aggregator = aggregator),
      (error: unknown) => world.fail(`${host.name}: ${String(error)}`),
    );
    rebalance();
  }

  function rebalance(): void {
    const present = members.filter((member) => member?.isIn === true);
    const before = owners;
    owners = before.map(() => (present.length === 0 ? null : random.pick(present)));
    for (const member of new Set([...before, ...owners])) {
      if (member === null) continue;
      const gains = owners.some((owner, number) => owner === member && before[number] !== member);
      tell(member, gains ? 0 : random.integer(NOTICE_MS.least, NOTICE_MS.most));
    }
  }

  function tell(member: Member, afterMs: number): void {
    const numbers = (): number[] => owners.flatMap((owner, number) => (owner === member ? [number] : []));
    scheduler.after(afterMs, () => member.host.deliver(() => member.log.assign(numbers())));
  }

  /** The group finds out that a member is gone when its session has ended. */
  function endSession(member: Member): void {
    scheduler.after(random.integer(SESSION_MS.least, SESSION_MS.most), () => {
      if (member.host.isAlive() && !member.host.isPaused()) return;
      member.isIn = false;
      rebalance();
    });
  }

  function replace(place: number, member: Member, restartMs: number): void {
    members[place] = null;
    endSession(member);
    scheduler.after(restartMs, () => start(place));
  }

  for (let place = 0; place < places; place++) start(place);

  return {
    rebalance,
    kill(place, restartMs) {
      const member = members[place] ?? null;
      if (member === null) return;
      member.host.kill();
      replace(place, member, restartMs);
    },
    stop(place, restartMs) {
      const member = members[place] ?? null;
      if (member?.aggregator === undefined || member.aggregator === null) return;
      members[place] = null;
      void member.aggregator.close().then(() => {
        member.host.kill();
        member.isIn = false;
        rebalance();
        scheduler.after(restartMs, () => start(place));
      });
    },
    pause(place, forMs) {
      const member = members[place] ?? null;
      if (member === null || member.host.isPaused()) return;
      member.host.pause();
      endSession(member);
      scheduler.after(forMs, () => {
        member.host.resume();
        if (member.isIn || !member.host.isAlive()) return;
        member.isIn = true;
        rebalance();
      });
    },
  };
}
