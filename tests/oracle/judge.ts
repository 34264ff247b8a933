/**
 * What of the lifecycle log is taken: log time, settling, giving up, forgetting, refusals (contract.md, "Log
 * time").
 */
import { type EntityKind, type Fact } from './read';

export interface Limits {
  readonly latenessMs: number;
  readonly dedupeMs: number;
}
/** An entity of the log. A forgotten id that comes again is another one. */
export interface Entity {
  readonly kind: EntityKind;
  readonly partition: number;
  readonly facts: Fact[];
}
export type Verdict = 'taken' | 'repeated' | 'too_late' | 'from_the_future';

interface Live extends Entity {
  readonly pairs: Set<string>;
  readonly roles: Set<Fact['role']>;
  /** An event of it had `snapshot`, a refused one perhaps: its id is never forgotten. */
  snapshot: boolean;
  /** Log time of the record that first finished it. */
  finishedLogMs: number | undefined;
  /** Log time of its last record that was taken and no repeat. */
  lastLogMs: number;
  /** The newest event taken. */
  newestMs: number;
  /** The newest event seen, refused ones included. */
  newestSeenMs: number;
}
interface PartitionClock {
  newestMs: number;
  logMs: number;
}
/** How far an event may be ahead of its log time, on the live log. */
export const FUTURE_MS = 300_000;

export interface Judge {
  /** Judges the next valid record of its partition. `appendTimeMs`: on the live log; a file has none. */
  judge(fact: Fact, appendTimeMs: number | undefined): Verdict;
  /**
   * All entities of which anything was taken, forgotten ones first; what was given up is shown by no page.
   */
  entities(): readonly Entity[];
}

export function openJudge(limits: Limits): Judge {
  const clocks = new Map<number, PartitionClock>();
  const known = new Map<string, Live>();
  const forgotten: Entity[] = [];

  function logTimeOf(fact: Fact, appendTimeMs: number | undefined): number {
    const before = clocks.get(fact.partition);
    const newestMs = Math.max(fact.timeMs, before?.newestMs ?? fact.timeMs);
    const ownMs =
      appendTimeMs === undefined
        ? (fact.recordedMs ?? newestMs)
        : Math.min(appendTimeMs, fact.recordedMs ?? appendTimeMs);
    const logMs = Math.max(ownMs, before?.logMs ?? ownMs);
    clocks.set(fact.partition, { newestMs, logMs });
    return logMs;
  }

  function judge(fact: Fact, appendTimeMs: number | undefined): Verdict {
    const logMs = logTimeOf(fact, appendTimeMs);
    const ahead = appendTimeMs !== undefined && fact.timeMs > logMs + FUTURE_MS;
    const entity = remembered(fact.entity, logMs);
    if (entity === undefined) {
      if (!fact.snapshot && logMs - fact.timeMs > limits.dedupeMs) return 'too_late';
      return ahead ? 'from_the_future' : begin(fact, logMs);
    }
    const refusal = refusalOf(entity, fact, logMs) ?? (ahead ? 'from_the_future' : undefined);
    if (refusal !== undefined) {
      entity.newestSeenMs = Math.max(entity.newestSeenMs, fact.timeMs);
      entity.snapshot ||= fact.snapshot;
      return refusal;
    }
    if (isGivenUp(entity, logMs)) {
      forgotten.push(entity);
      return begin(fact, logMs);
    }
    return take(entity, fact, logMs);
  }

  function begin(fact: Fact, logMs: number): Verdict {
    const { kind, partition, timeMs } = fact;
    // Last in the map, as a new one is: where two entities of one id are on a page, the earlier one's figures
    // are shown.
    known.delete(fact.entity);
    const entity: Live = {
      kind,
      partition,
      facts: [],
      pairs: new Set(),
      roles: new Set(),
      snapshot: false,
      finishedLogMs: undefined,
      lastLogMs: logMs,
      newestMs: timeMs,
      newestSeenMs: timeMs,
    };
    known.set(fact.entity, entity);
    return take(entity, fact, logMs);
  }

  /** The entity of that id, settled and given up ones included, unless it is to be forgotten by now. */
  function remembered(key: string, logMs: number): Live | undefined {
    const entity = known.get(key);
    if (entity === undefined) return undefined;
    const settled = isSettled(entity, logMs);
    if (!settled && !isGivenUp(entity, logMs)) return entity;
    if (entity.snapshot || logMs - entity.newestSeenMs <= limits.dedupeMs) return entity;
    known.delete(key);
    forgotten.push(entity);
    return undefined;
  }

  function isSettled(entity: Live, logMs: number): boolean {
    return entity.finishedLogMs !== undefined && logMs >= entity.finishedLogMs + limits.latenessMs;
  }

  function isGivenUp(entity: Live, logMs: number): boolean {
    const waits = entity.finishedLogMs === undefined && !entity.roles.has('described');
    return waits && logMs >= entity.lastLogMs + limits.latenessMs;
  }

  function refusalOf(entity: Live, fact: Fact, logMs: number): 'too_late' | undefined {
    if (isSettled(entity, logMs)) return 'too_late';
    if (isGivenUp(entity, logMs)) return fact.role === 'described' ? undefined : 'too_late';
    const first = (fact.role === 'described' || fact.role === 'provisioned') && !entity.roles.has(fact.role);
    return !first && entity.newestMs - fact.timeMs > limits.latenessMs ? 'too_late' : undefined;
  }

  return { judge, entities: () => [...forgotten, ...known.values()] };
}

function take(entity: Live, fact: Fact, logMs: number): Verdict {
  const pair = JSON.stringify([fact.source, fact.id]);
  if (entity.pairs.has(pair)) return 'repeated';
  entity.pairs.add(pair);
  entity.facts.push(fact);
  entity.roles.add(fact.role);
  entity.lastLogMs = logMs;
  entity.newestMs = Math.max(entity.newestMs, fact.timeMs);
  entity.newestSeenMs = Math.max(entity.newestSeenMs, fact.timeMs);
  entity.snapshot ||= fact.snapshot;
  if (fact.role === 'finished') entity.finishedLogMs ??= logMs;
  return 'taken';
}
