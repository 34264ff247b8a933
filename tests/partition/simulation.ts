/**
 * A log, its owners and a reader in memory, without I/O and with a clock of their own: what may happen
 * between a producer and a page, drawn from a seed. Page time follows the contract's rule: the clock while
 * nothing is unread (but for the last second), otherwise the log time of the last record read; where it is
 * far ahead of the clock it goes back to it.
 */
import { closeBatch, type CommitContent } from '../../services/partition/commit';
import { takeRecord } from '../../services/partition/intake';
import {
  behindFrom,
  followClock,
  openPartition,
  type BehindTo,
  type Partition,
} from '../../services/partition/partition';
import type { AppendRecord, LogRecord, OwnedTopic } from '../../services/log/port';
import { scheduleAll } from '../../services/fold/ledger';
import { applyEntry, loadEntries } from '../../services/view/entries';
import { emptyView, type PartitionView } from '../../services/view/view';
import { decodeFoldHead } from '../../services/view/fold-head';
import { writePage } from '../../services/page/page';
import type { PageRequest } from '../../services/page/request';
import { WHOLE_PAGE } from '../../services/page/selection';
import type { Hold } from '../../services/view/hold';
import type { Acquired, Head } from '../../services/store/port';
import { foldNaively, type OraclePage } from '../oracle/index';
import { read } from '../oracle/read';
import type { Settings } from '../support/history';

/**
 * A record found unread within this time of the fetch before does not keep page time from following the
 * clock.
 */
const FETCH_MS = 1000;
/** Page time, or log time, that is further ahead of the clock is of a clock that was wrong. */
const FAR_AHEAD_MS = 300_000;

/** What a store holds of one partition. */
export interface Committed {
  readonly head: Head | null;
  readonly counter: number;
  readonly shown: ReadonlyMap<string, string>;
  readonly kept: ReadonlyMap<string, string>;
}

interface Logged {
  readonly topic: OwnedTopic;
  readonly record: LogRecord;
  readonly line: string;
  /** Where it belongs; null: it is no event. */
  readonly right: Place | null;
}

export interface Place {
  readonly topic: OwnedTopic;
  readonly partition: number;
}

interface Owned {
  partition: Partition;
  committed: Committed;
  /** As a replica has it, from the changes of the commits alone; null: kept away. */
  view: PartitionView | null;
  /** All that was ever committed, for rewinds. */
  readonly past: Committed[];
}

export interface Simulation {
  nowMs: number;
  readonly partitions: number;
  /** Puts a line on the log, on its own partition or on the one given. */
  append(line: string, at?: Place): void;
  unread(partition: number): { readonly lifecycle: number; readonly telemetry: number };
  /**
   * Reads up to so many records of each topic, copies what is not its own, and commits; `false`: dies before
   * the commit.
   */
  fold(
    partition: number,
    counts: { readonly lifecycle: number; readonly telemetry: number },
    commits?: boolean,
  ): void;
  /** Another owner takes the partition over, from what is committed. */
  takeOver(partition: number): void;
  /** The store is there again as it was so many commits ago, and does not know it. */
  rewind(partition: number, commits: number): void;
  /** Null while a partition was never committed, or is kept away. */
  page(request?: Partial<PageRequest>): string | null;
  /** No page is asked for before it. */
  earliestAtMs(): number;
  /** What the contract says of the records read so far. */
  oracle(atMs?: number): OraclePage;
  /** Why records were refused, in the order of the log; a record that was read again counts once. */
  refusals(): string[];
  held(partition: number): ReadonlyMap<string, Hold>;
}

export function simulate(settings: Settings, startMs: number): Simulation {
  const { partitions } = settings;
  const ledgerSettings = { ...settings, asOfMs: null };
  const log: Logged[] = [];
  const topics = { lifecycle: perPartition<Logged>(partitions), telemetry: perPartition<Logged>(partitions) };
  const refused = new Map<Logged, string>();
  const owned: Owned[] = Array.from({ length: partitions }, (_, number) => {
    const committed = { head: null, counter: 0, shown: new Map(), kept: new Map() };
    const behindTo = behindFrom(null, 0, startMs);
    return { partition: open(number, committed, behindTo), committed, view: null, past: [committed] };
  });
  const simulation: Simulation = {
    nowMs: startMs,
    partitions,
    append(line, at) {
      const right = placeOf(line, partitions);
      put(at ?? right ?? { topic: 'lifecycle', partition: 0 }, right, line);
    },
    unread: (number) => ({
      lifecycle: recordsOf('lifecycle', number).length - part(number).partition.positions.lifecycle,
      telemetry: recordsOf('telemetry', number).length - part(number).partition.positions.telemetry,
    }),
    fold(number, counts, commits = true) {
      const { partition } = part(number);
      for (const topic of ['lifecycle', 'telemetry'] as const) {
        const from = partition.positions[topic];
        for (const logged of recordsOf(topic, number).slice(from, from + counts[topic]))
          take(partition, logged);
      }
      if (commits) commit(number);
    },
    takeOver(number) {
      const one = part(number);
      one.partition = open(number, one.committed, one.view === null ? behindNow(number) : null);
    },
    rewind(number, commits) {
      const one = part(number);
      // What came after it is lost: no later rewind leads there.
      one.past.splice(Math.max(1, one.past.length - commits));
      const committed = one.past.at(-1);
      if (committed === undefined) throw new Error('nothing to go back to');
      one.committed = committed;
      one.view = null;
      one.partition = open(number, committed, behindNow(number));
    },
    page(request = {}) {
      const views = owned.flatMap(({ view }) => (view === null ? [] : [view]));
      if (views.length < partitions) return null;
      const { sampleTtlMs } = settings;
      const asked = { format: 'text' as const, atMs: null, sampleTtlMs, selection: WHOLE_PAGE, ...request };
      return throughUtf8([...writePage(views, asked)].join(''));
    },
    earliestAtMs: () =>
      Math.max(...owned.map(({ view }) => Math.max(view?.pageTimeMs ?? 0, view?.newestTakenMs ?? 0))),
    oracle: (atMs) =>
      oracleOf(
        settings,
        log,
        owned.map(({ committed }) => committed.head),
        atMs,
      ),
    refusals: () => log.flatMap((logged) => refused.get(logged) ?? []),
    held: (number) => part(number).partition.view.holds,
  };

  function part(number: number): Owned {
    const one = owned[number];
    if (one === undefined) throw new Error(`no partition ${String(number)}`);
    return one;
  }

  function recordsOf(topic: OwnedTopic, number: number): Logged[] {
    const records = topics[topic][number];
    if (records === undefined) throw new Error(`no partition ${String(number)}`);
    return records;
  }

  function put({ topic, partition }: Place, right: Place | null, line: string): void {
    const records = recordsOf(topic, partition);
    const at = { partition, offset: records.length, appendTimeMs: simulation.nowMs };
    const logged = { topic, record: { ...at, key: null, value: Buffer.from(line) }, line, right };
    log.push(logged);
    records.push(logged);
  }

  function take(partition: Partition, logged: Logged): void {
    const { outcome, forward } = takeRecord(partition, logged.topic, logged.record, partitions);
    if (outcome === 'misrouted') copy(logged, forward);
    else if (outcome !== 'taken') refused.set(logged, outcome);
  }

  function copy({ right, line }: Logged, forward: AppendRecord | undefined): void {
    const isRight = forward?.topic === right?.topic && forward?.partition === right?.partition;
    if (right === null || !isRight || forward?.value.toString() !== line)
      throw new Error(`not the copy of ${line}`);
    put(right, right, line);
  }

  function behindNow(number: number): BehindTo {
    const { length } = recordsOf('lifecycle', number);
    return behindFrom(part(number).committed.head, length, simulation.nowMs);
  }

  function open(
    number: number,
    { head, counter, shown, kept }: Committed,
    behindTo: BehindTo | null,
  ): Partition {
    const acquired: Acquired = {
      kind: 'acquired',
      generation: '1',
      epoch: 1,
      counter,
      head,
      behind: behindTo !== null,
    };
    const partition = openPartition(number, acquired, behindTo, ledgerSettings);
    const { ledger, view } = partition;
    loadEntries(ledger, view, 'shown', entriesOf(shown));
    loadEntries(ledger, view, 'kept', entriesOf(kept));
    scheduleAll(ledger);
    return partition;
  }

  function commit(number: number): void {
    const one = part(number);
    const { partition } = one;
    followClock(partition, simulation.nowMs);
    const batch = closeBatch(partition, nextPageTimeMs(partition));
    partition.counter++;
    one.committed = afterCommit(one.committed, batch);
    one.past.push(one.committed);
    if (batch.behind) return;
    one.view ??= viewOf(one.committed);
    for (const { space, key, value } of batch.changes) {
      if (space === 'shown')
        applyEntry(one.view, throughUtf8(key), value === null ? null : throughUtf8(value));
    }
    one.view.pageTimeMs = batch.head.pageTimeMs;
    one.view.newestTakenMs = decodeFoldHead(batch.head.fold).scalars.newestTakenMs;
  }

  function nextPageTimeMs(partition: Partition): number {
    const beforeMs = partition.pageTimeMs ?? 0;
    if (beforeMs - simulation.nowMs > FAR_AHEAD_MS) return simulation.nowMs;
    const soughtMs = pageTimeMs(partition);
    return Math.max(soughtMs - simulation.nowMs > FAR_AHEAD_MS ? simulation.nowMs : soughtMs, beforeMs);
  }

  function pageTimeMs({ number, positions, lastLogTimeMs }: Partition): number {
    const next = recordsOf('lifecycle', number)[positions.lifecycle];
    const foundNothing = next === undefined || next.record.appendTimeMs > simulation.nowMs - FETCH_MS;
    return foundNothing ? simulation.nowMs : (lastLogTimeMs ?? 0);
  }

  return simulation;
}

/**
 * What the oracle makes of the records that are committed, as of the partitions' page times or of a moment.
 */
function oracleOf(
  settings: Settings,
  log: readonly Logged[],
  heads: readonly (Head | null)[],
  atMs: number | undefined,
): OraclePage {
  const taken = log.filter(({ topic, record }) => {
    const position = heads[record.partition]?.positions[topic] ?? 0;
    return record.offset < position;
  });
  const places = taken.map(({ topic, record, right }) => {
    const strayed = right !== null && right.topic !== topic;
    return { partition: strayed ? NOWHERE : record.partition, appendTimeMs: record.appendTimeMs };
  });
  const pageTimes = heads.map((head) => head?.pageTimeMs ?? 0);
  const when = atMs === undefined ? { pageTimes } : { atMs };
  return foldNaively(
    taken.map(({ line }) => line),
    { ...settings, ...when, places },
  );
}

/** For the oracle: on no partition of its own. */
const NOWHERE = -1;

function placeOf(line: string, partitions: number): Place | null {
  const reading = read(line, partitions);
  if (reading.what === 'refused') return null;
  return { topic: reading.what === 'sample' ? 'telemetry' : 'lifecycle', partition: reading.partition };
}

function perPartition<T>(partitions: number): T[][] {
  return Array.from({ length: partitions }, () => []);
}

function entriesOf(map: ReadonlyMap<string, string>): { key: string; value: string }[] {
  return [...map].map(([key, value]) => ({ key, value }));
}

/** As it goes over a wire and comes back: a lone surrogate does not. */
function throughUtf8(text: string): string {
  return Buffer.from(text).toString();
}

function afterCommit(before: Committed, { head, changes }: CommitContent): Committed {
  const spaces = { shown: new Map(before.shown), kept: new Map(before.kept) };
  for (const { space, key, value } of changes) {
    if (value === null) spaces[space].delete(throughUtf8(key));
    else spaces[space].set(throughUtf8(key), throughUtf8(value));
  }
  return { head, counter: before.counter + 1, ...spaces };
}

function viewOf({ shown }: Committed): PartitionView {
  const view = emptyView();
  for (const [key, value] of shown) applyEntry(view, key, value);
  return view;
}
