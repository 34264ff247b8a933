/**
 * What the scripts of services/store/redis/lua do, on maps in memory: a server of the store, with what
 * happens to one. Each transition replaces the partition's state, so that any state of before can be put
 * back.
 */
import type {
  Acquired,
  ChangesResult,
  Commit,
  CommitResult,
  Entries,
  Head,
  Space,
  Version,
} from '../../services/store/port';

export interface StoredPartition {
  readonly epoch: number;
  /** Which server answered at the last takeover. */
  readonly server: number;
  readonly behind: boolean;
  readonly firstEpoch: number;
  readonly last: LastCommit | null;
  readonly shown: ReadonlyMap<string, string>;
  readonly kept: ReadonlyMap<string, string>;
  /** The newest commits, oldest first. */
  readonly commits: readonly Remembered[];
}

interface LastCommit {
  readonly epoch: number;
  readonly counter: number;
  readonly batchId: string;
  readonly head: Head;
}

interface Remembered {
  readonly epoch: number;
  readonly counter: number;
  readonly keys: readonly string[];
}

const EMPTY: StoredPartition = {
  epoch: 0,
  server: 0,
  behind: true,
  firstEpoch: 0,
  last: null,
  shown: new Map(),
  kept: new Map(),
  commits: [],
};
export const GENERATION = '1';

export interface StoreServer {
  readonly partitions: readonly StoredPartition[];
  /** How many transitions there were: a moment to go back to. */
  readonly moment: number;
  acquire(number: number): Acquired;
  /** `judge`: for planted bugs. */
  commit(request: Commit, judge?: Judge): CommitResult;
  /** Sets entries, whatever the state is. */
  put(number: number, entries: ReadonlyMap<string, string>): void;
  changes(number: number, since: Version | null): ChangesResult;
  /** The keys that are there now; values() answers what is there of them later, as a scan in parts does. */
  keys(number: number, space: Space): readonly string[];
  values(number: number, space: Space, keys: readonly string[]): Entries;
  nowMs(): number;
  readonly clockOffsetMs: number;
  /** Somebody sets the clock. */
  setClock(offsetMs: number): void;
  /** Would a rewind to that moment lose all that tells how far a wrong clock has shown the pages? */
  losesWrongTimes(moment: number): boolean;
  /** Another server answers from now on, or this one that was started again, with the data of that moment. */
  becomeAnother(moment: number, clockOffsetMs: number): void;
}

/** So far no right clock goes on in a run. */
const WRONG_BY_MS = 300_000;

export function openStoreServer(
  partitions: number,
  trueNowMs: () => number,
  remembered: number,
): StoreServer {
  let server = 1;
  let clockOffsetMs = 0;
  let current: readonly StoredPartition[] = Array.from({ length: partitions }, () => EMPTY);
  let history: (readonly StoredPartition[])[] = [current];
  const startMs = trueNowMs();
  const pageTimeOf = (state: StoredPartition | undefined): number => state?.last?.head.pageTimeMs ?? startMs;
  const nowMs = (): number => Math.floor(trueNowMs() + clockOffsetMs);

  function partition(number: number): StoredPartition {
    const found = current[number];
    if (found === undefined) throw new Error(`no partition ${number}`);
    return found;
  }
  function replace(number: number, state: StoredPartition): void {
    current = current.with(number, state);
    history.push(current);
  }

  return {
    get partitions() {
      return current;
    },
    get moment() {
      return history.length - 1;
    },
    get clockOffsetMs() {
      return clockOffsetMs;
    },
    nowMs,
    acquire(number) {
      const before = partition(number);
      const nowUs = nowMs() * 1000;
      const epoch = Math.max(nowUs, before.epoch + 1 + (nowUs % 1_000_000));
      const isSame = before.server === server;
      replace(number, {
        ...before,
        ...{ epoch, server, behind: isSame ? before.behind : true },
        firstEpoch: isSame ? before.firstEpoch : epoch,
      });
      const { behind, last } = partition(number);
      const head = last?.head ?? null;
      return { kind: 'acquired', generation: GENERATION, epoch, counter: last?.counter ?? 0, head, behind };
    },
    commit(request, judge = judgeCommit) {
      const before = partition(request.partition);
      const verdict = judge(request, before, server);
      if (verdict === 'goes on') replace(request.partition, written(before, request, remembered));
      return { kind: verdict === 'goes on' ? 'applied' : verdict };
    },
    put(number, entries) {
      const before = partition(number);
      replace(number, { ...before, shown: new Map([...before.shown, ...entries]) });
    },
    changes(number, since) {
      const { last, server: takenOverOn, behind, firstEpoch, commits, shown } = partition(number);
      if (last === null) return { kind: 'empty' };
      if (takenOverOn !== server) return { kind: 'unavailable', detail: 'another server' };
      if (behind) return { kind: 'unavailable', detail: 'behind' };
      const version = { epoch: last.epoch, counter: last.counter };
      const delta = { kind: 'delta' as const, generation: GENERATION, version, head: last.head };
      if (since === null) return { ...delta, changes: [] };
      const at = commits.findIndex(
        ({ epoch, counter }) => epoch === since.epoch && counter === since.counter,
      );
      if (at === -1 || since.epoch < firstEpoch) return { kind: 'reload' };
      const keys = new Set(commits.slice(at + 1).flatMap((commit) => commit.keys));
      return { ...delta, changes: [...keys].map((key) => ({ key, value: shown.get(key) ?? null })) };
    },
    keys: (number, space) => [...partition(number)[space].keys()],
    values(number, space, keys) {
      const entries = partition(number)[space];
      return keys.flatMap((key) => {
        const value = entries.get(key);
        return value === undefined ? [] : [{ key, value }];
      });
    },
    setClock(offsetMs) {
      clockOffsetMs = offsetMs;
    },
    losesWrongTimes(moment) {
      const kept = history[moment] ?? current;
      const lost = history.slice(moment + 1);
      return kept.some((before, number) =>
        lost.some((state) => pageTimeOf(state[number]) - pageTimeOf(before) > WRONG_BY_MS),
      );
    },
    becomeAnother(moment, offsetMs) {
      current = history[moment] ?? current;
      history = history.slice(0, moment + 1);
      clockOffsetMs = offsetMs;
      server++;
    },
  };
}

/** Whether a commit is applied now, was before, or can't be. */
export type Judge = (
  request: Commit,
  before: StoredPartition,
  server: number,
) => 'goes on' | 'applied' | 'stale';

export const judgeCommit: Judge = (request, { last, epoch, server: takenOverOn }, server) => {
  const counter = request.fromCounter + 1;
  if (last?.epoch === request.epoch && last.counter === counter && last.batchId === request.batchId)
    return 'applied';
  const isNext = (last?.counter ?? 0) === request.fromCounter;
  return isNext && epoch === request.epoch && takenOverOn === server ? 'goes on' : 'stale';
};

function written(before: StoredPartition, request: Commit, remembered: number): StoredPartition {
  const { epoch, batchId, head, behind = false } = request;
  const counter = request.fromCounter + 1;
  const spaces = { shown: new Map(before.shown), kept: new Map(before.kept) };
  const keys = new Set<string>();
  for (const { space, key, value } of request.changes) {
    if (space === 'shown') keys.add(key);
    if (value === null) spaces[space].delete(key);
    else spaces[space].set(key, value);
  }
  const commits = [...before.commits.slice(1 - remembered), { epoch, counter, keys: [...keys] }];
  return { ...before, ...spaces, behind, last: { epoch, counter, batchId, head }, commits };
}
