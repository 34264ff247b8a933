import type { LifecycleEvent, TelemetryEvent } from '../../events/event';
import { FUTURE_MS } from '../../events/time';
import { emptyDueQueue, popDue, pushDue } from './due';
import { countJob, emptyEnds, forgetEnd, indexEnds, keepEnd } from './ends';
import type { Ends, EndedCounts } from './ends';
import type { DueQueue } from './due';
import {
  absorbableMs,
  addFact,
  emptyEntity,
  entityAsOf,
  hasEvent,
  hasFact,
  isDescribed,
  isFinished,
} from './entity';
import type { Entity, Tombstone } from './entity';
import { entityKey, shownText } from './fact';
import { factOf, isDescriptive } from './kinds';
import { expiryMs, isLater, sampleKey, sampleOf } from './sample';
import type { Sample } from './sample';

/**
 * The ledger of one partition: what is known about its entities, and the rules by which a record is taken or
 * refused (contract, "Log time"). All of it depends on the lifecycle log up to the record being judged, and
 * on nothing else: no clock, no batches.
 */
export interface LedgerSettings {
  readonly latenessMs: number;
  readonly dedupeMs: number;
  readonly sampleTtlMs: number;
  /**
   * All records are judged, but no sample and no source's time later than this is kept (`render --at`); null:
   * all are.
   */
  readonly asOfMs: number | null;
}

export interface Ledger {
  readonly settings: LedgerSettings;
  readonly entities: Map<string, Entity>;
  /**
   * Settled and not absorbed: their figures are not in the totals yet, since a page may still show them as
   * they were.
   */
  readonly settled: Map<string, Entity>;
  readonly tombstones: Map<string, Tombstone>;
  readonly ends: Ends;
  readonly samples: Map<string, Sample>;
  /** Newest lifecycle `time` taken from each source. */
  readonly sources: Map<string, number>;
  readonly scalars: LedgerScalars;
  /** What has changed since the last drain(). */
  touched: Touched;
  /** When entities settle or are given up and tombstones are forgotten, by log time. */
  readonly dues: DueQueue;
  /** When settled entities may be absorbed, and samples dropped, by page time. */
  readonly settledDues: DueQueue;
  readonly sampleDues: DueQueue;
}

/** JSON values only, since a commit writes them as they are. */
export interface LedgerScalars {
  logTimeMs: number | null;
  /** Newest `time` of the valid lifecycle records: what log time is in a file. */
  newestValidMs: number | null;
  /** Newest `time` of all events taken, including samples: no page may be asked for before it. */
  newestTakenMs: number | null;
  /** How many entities have settled so far; it names the next one in `settled`. */
  settledCount: number;
  givenUpCount: number;
  readonly endedCounts: EndedCounts;
}

export interface Touched {
  /** Entities as they were before; undefined: not known then. */
  readonly entities: Map<string, Entity | undefined>;
  readonly settled: Set<string>;
  readonly tombstones: Set<string>;
  readonly ends: Set<string>;
  readonly samples: Set<string>;
  readonly sources: Set<string>;
}

export type Verdict =
  | { readonly kind: 'taken' }
  | { readonly kind: 'repeat' }
  | { readonly kind: 'refused'; readonly reason: 'too_late' | 'from_the_future'; readonly detail: string };

const TAKEN: Verdict = { kind: 'taken' };
const REPEAT: Verdict = { kind: 'repeat' };

function emptyTouched(): Touched {
  return {
    entities: new Map(),
    settled: new Set(),
    tombstones: new Set(),
    ends: new Set(),
    samples: new Set(),
    sources: new Set(),
  };
}

export function emptyLedger(settings: LedgerSettings): Ledger {
  return {
    settings,
    entities: new Map(),
    settled: new Map(),
    tombstones: new Map(),
    ends: emptyEnds(),
    samples: new Map(),
    sources: new Map(),
    scalars: {
      logTimeMs: null,
      newestValidMs: null,
      newestTakenMs: null,
      settledCount: 0,
      givenUpCount: 0,
      endedCounts: { run: 0, instance: 0 },
    },
    touched: emptyTouched(),
    dues: emptyDueQueue(),
    settledDues: emptyDueQueue(),
    sampleDues: emptyDueQueue(),
  };
}

/** Takes what has changed since the last drain, and starts noting changes anew. */
export function drain(ledger: Ledger): Touched {
  const { touched } = ledger;
  ledger.touched = emptyTouched();
  return touched;
}

/** Derives the rest of a ledger whose maps were read from a store. */
export function scheduleAll(ledger: Ledger): void {
  for (const [key, entity] of ledger.entities) schedule(ledger, key, entity);
  for (const [key, tombstone] of ledger.tombstones) scheduleForgetting(ledger, key, tombstone);
  indexEnds(ledger.ends, ledger.scalars.endedCounts, ledger.entities);
  for (const [key, entity] of ledger.settled)
    pushDue(ledger.settledDues, key, absorbableMs(entity, ledger.settings.sampleTtlMs));
  for (const [key, sample] of ledger.samples)
    pushDue(ledger.sampleDues, key, expiryMs(sample, ledger.settings.sampleTtlMs));
}

/**
 * Judges a lifecycle record that is on the partition of its key, and takes it or says why not.
 * @param appendTimeMs when the log appended it; null in a file, where log time is `recordedtime` or the
 * newest `time` so far
 */
export function takeLifecycle(ledger: Ledger, event: LifecycleEvent, appendTimeMs: number | null): Verdict {
  const { scalars } = ledger;
  const logMs = logTimeAt(ledger, event, appendTimeMs);
  scalars.logTimeMs = logMs;
  scalars.newestValidMs = Math.max(scalars.newestValidMs ?? event.timeMs, event.timeMs);
  expire(ledger, logMs);
  const id = event.about;
  const key = entityKey(id);
  const refusal = judge(ledger, key, event, appendTimeMs === null ? Infinity : logMs + FUTURE_MS, logMs);
  if (refusal !== undefined) return refusal;
  const known = ledger.entities.get(key);
  if (known !== undefined && hasEvent(known, event.source, event.id)) {
    noteTaken(ledger, event);
    return REPEAT;
  }
  if (known === undefined && ledger.tombstones.delete(key)) ledger.touched.tombstones.add(key);
  const before = known ?? emptyEntity(id, event.timeMs, logMs);
  const after = addFact(before, factOf(event), logMs, isSnapshot(event));
  putEntity(ledger, key, after);
  if (known === undefined) countJob(ledger.ends, id, 1, touchEnd(ledger));
  if (known === undefined || (isFinished(after) && !isFinished(before))) schedule(ledger, key, after);
  noteTaken(ledger, event);
  return TAKEN;
}

function noteTaken(ledger: Ledger, event: LifecycleEvent): void {
  ledger.scalars.newestTakenMs = Math.max(ledger.scalars.newestTakenMs ?? event.timeMs, event.timeMs);
  if (isAfter(event.timeMs, ledger.settings.asOfMs)) return;
  const source = shownText(event.source);
  const newest = ledger.sources.get(source);
  if (newest !== undefined && newest >= event.timeMs) return;
  ledger.sources.set(source, event.timeMs);
  ledger.touched.sources.add(source);
}

function isAfter(timeMs: number, asOfMs: number | null): boolean {
  return asOfMs !== null && timeMs > asOfMs;
}

/**
 * What log time will be when a valid record is judged. Within a partition it never goes back: an earlier one
 * counts as the newest so far.
 */
export function logTimeAt({ scalars }: Ledger, event: LifecycleEvent, appendTimeMs: number | null): number {
  const { recordedTimeMs, timeMs } = event;
  const ownMs =
    appendTimeMs === null
      ? (recordedTimeMs ?? Math.max(scalars.newestValidMs ?? timeMs, timeMs))
      : Math.min(appendTimeMs, recordedTimeMs ?? appendTimeMs);
  return Math.max(scalars.logTimeMs ?? ownMs, ownMs);
}

/** Refuses an event, and notes what it leaves behind; undefined if it may be taken. */
function judge(
  ledger: Ledger,
  key: string,
  event: LifecycleEvent,
  futureMs: number,
  logMs: number,
): Verdict | undefined {
  const { latenessMs, dedupeMs } = ledger.settings;
  const fromTheFuture = event.timeMs > futureMs ? refuseFuture(event.timeMs, logMs) : undefined;
  const tombstone = ledger.tombstones.get(key);
  if (tombstone !== undefined) {
    const beginsAnew = tombstone.givenUp && event.verb === 'described';
    if (beginsAnew && fromTheFuture === undefined) return undefined;
    const seen = { ...tombstone, ...seenWith(tombstone, event) };
    ledger.tombstones.set(key, seen);
    ledger.touched.tombstones.add(key);
    if (beginsAnew) return fromTheFuture;
    const what = tombstone.givenUp ? 'given up' : 'settled';
    return tooLate(`its entity was ${what}, ${seconds(latenessMs)} after its last record`);
  }
  const entity = ledger.entities.get(key);
  if (entity === undefined) {
    if (fromTheFuture !== undefined) return fromTheFuture;
    if (isSnapshot(event) || logMs - event.timeMs <= dedupeMs) return undefined;
    return tooLate(`its entity is not known, and it is over ${seconds(dedupeMs)} older than its log time`);
  }
  const lacking = lacks(entity, event);
  const late = entity.newestMs - event.timeMs > latenessMs && !lacking;
  if (!late && fromTheFuture === undefined) return undefined;
  putEntity(ledger, key, { ...entity, ...seenWith(entity, event) });
  return fromTheFuture ?? tooLate(`it is over ${seconds(latenessMs)} older than its entity's newest event`);
}

function seenWith(
  seen: Pick<Entity, 'newestSeenMs' | 'snapshot'>,
  event: LifecycleEvent,
): Pick<Entity, 'newestSeenMs' | 'snapshot'> {
  return {
    newestSeenMs: Math.max(seen.newestSeenMs, event.timeMs),
    snapshot: seen.snapshot || isSnapshot(event),
  };
}

function tooLate(detail: string): Verdict {
  return { kind: 'refused', reason: 'too_late', detail };
}

function refuseFuture(timeMs: number, logMs: number): Verdict {
  const ahead = seconds(timeMs - logMs);
  const detail = `it is ${ahead} ahead of its log time, expected at most ${seconds(FUTURE_MS)}`;
  return { kind: 'refused', reason: 'from_the_future', detail };
}

function seconds(ms: number): string {
  return `${String(ms / 1000)} s`;
}

/**
 * Whether the sender found the entity there, however old it is: its id is then never forgotten (contract,
 * "Log time").
 */
function isSnapshot(event: LifecycleEvent): boolean {
  return event.verb === 'described' && event.data.snapshot === true;
}

function lacks(entity: Entity, { verb }: LifecycleEvent): boolean {
  return isDescriptive(verb) && !hasFact(entity, verb);
}

/**
 * Takes a sample, which neither moves log time nor is ever too late.
 * @param appendTimeMs when the log appended it; null in a file
 */
export function takeSample(ledger: Ledger, event: TelemetryEvent, appendTimeMs: number | null): Verdict {
  if (appendTimeMs !== null && event.timeMs > appendTimeMs + FUTURE_MS) {
    return refuseFuture(event.timeMs, appendTimeMs);
  }
  const { scalars } = ledger;
  scalars.newestTakenMs = Math.max(scalars.newestTakenMs ?? event.timeMs, event.timeMs);
  if (isAfter(event.timeMs, ledger.settings.asOfMs)) return TAKEN;
  const sample = sampleOf(event);
  const key = sampleKey(sample);
  const latest = ledger.samples.get(key);
  if (latest !== undefined && !isLater(sample, latest)) return REPEAT;
  ledger.samples.set(key, sample);
  ledger.touched.samples.add(key);
  // A sample that replaces another is queued when that one's time is over.
  if (latest === undefined) pushDue(ledger.sampleDues, key, expiryMs(sample, ledger.settings.sampleTtlMs));
  return TAKEN;
}

// ---- what is due ------------------------------------------------------------------------------------------

function schedule(ledger: Ledger, key: string, entity: Entity): void {
  const dueMs = entityDueMs(ledger, entity);
  if (dueMs !== null) pushDue(ledger.dues, key, dueMs);
}

function scheduleForgetting(ledger: Ledger, key: string, tombstone: Tombstone): void {
  if (!tombstone.snapshot) pushDue(ledger.dues, key, tombstone.newestSeenMs + ledger.settings.dedupeMs + 1);
}

function entityDueMs(ledger: Ledger, entity: Entity): number | null {
  if (entity.finishLogMs !== null) return entity.finishLogMs + ledger.settings.latenessMs;
  return isDescribed(entity) ? null : entity.lastLogMs + ledger.settings.latenessMs;
}

/**
 * Settles, gives up and forgets what is due. A key that has become due later since it was queued is queued
 * again.
 */
function expire(ledger: Ledger, logMs: number): void {
  for (let key = popDue(ledger.dues, logMs); key !== undefined; key = popDue(ledger.dues, logMs)) {
    const entity = ledger.entities.get(key);
    if (entity !== undefined) {
      const dueMs = entityDueMs(ledger, entity);
      if (dueMs === null) continue;
      if (dueMs > logMs) pushDue(ledger.dues, key, dueMs);
      else bury(ledger, key, entity);
      continue;
    }
    const tombstone = ledger.tombstones.get(key);
    if (tombstone === undefined || tombstone.snapshot) continue;
    if (tombstone.newestSeenMs + ledger.settings.dedupeMs >= logMs) {
      scheduleForgetting(ledger, key, tombstone);
      continue;
    }
    ledger.tombstones.delete(key);
    ledger.touched.tombstones.add(key);
  }
}

function bury(ledger: Ledger, key: string, entity: Entity): void {
  const givenUp = !isFinished(entity);
  const tombstone = { givenUp, newestSeenMs: entity.newestSeenMs, snapshot: entity.snapshot };
  putEntity(ledger, key, undefined);
  countJob(ledger.ends, entity.id, -1, touchEnd(ledger));
  ledger.tombstones.set(key, tombstone);
  ledger.touched.tombstones.add(key);
  scheduleForgetting(ledger, key, tombstone);
  if (givenUp) {
    ledger.scalars.givenUpCount++;
    forgetEnd(ledger.ends, asOf(ledger, entity), touchEnd(ledger));
    return;
  }
  keepEnd(ledger.ends, ledger.scalars.endedCounts, asOf(ledger, entity), touchEnd(ledger));
  const number = String(ledger.scalars.settledCount++);
  ledger.settled.set(number, entity);
  ledger.touched.settled.add(number);
  pushDue(ledger.settledDues, number, absorbableMs(entity, ledger.settings.sampleTtlMs));
}

/** The entity as a page of the ledger is to show it. */
export function asOf({ settings }: Ledger, entity: Entity): Entity {
  return settings.asOfMs === null ? entity : entityAsOf(entity, settings.asOfMs);
}

function touchEnd({ touched }: Ledger): (key: string) => void {
  return (key) => void touched.ends.add(key);
}

function putEntity(ledger: Ledger, key: string, entity: Entity | undefined): void {
  const { entities, touched } = ledger;
  if (!touched.entities.has(key)) touched.entities.set(key, entities.get(key));
  if (entity === undefined) entities.delete(key);
  else entities.set(key, entity);
}
