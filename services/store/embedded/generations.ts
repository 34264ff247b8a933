import { randomUUID } from 'node:crypto';
import type { Generations, StateStore, StoreUnavailable } from '../port';
import { FIRST_POINTER } from './database';
import type { Databases, Environment, Pointer } from './database';
import type { Transact } from './group';
import { seal, standingOf } from './transition';

const KEY = 'pointer';

export function readPointer({ pointer }: Environment): Pointer {
  return pointer.get(KEY) ?? FIRST_POINTER;
}

/** To be called in a transaction, like the functions below. */
function writePointer({ pointer }: Environment, changed: Pointer): void {
  pointer.putSync(KEY, changed);
}

/**
 * An epoch that was never given before: the clock's microseconds, or one more than the last if the clock
 * hasn't passed it.
 */
export function takeEpoch(environment: Environment, { heads }: Databases, partition: number): number {
  const pointer = readPointer(environment);
  const before = Math.max(pointer.epoch, heads.get(partition)?.epoch ?? 0);
  const epoch = Math.max(Date.now() * 1000, before + 1);
  writePointer(environment, { ...pointer, epoch });
  return epoch;
}

/** Whether the switch is over; one that has expired is ended here. */
export function hasEnded(environment: Environment, id: string): boolean {
  const pointer = readPointer(environment);
  if (pointer.switching?.id !== id) return true;
  if (Date.now() < pointer.switching.untilMs) return false;
  writePointer(environment, { ...pointer, switching: null });
  return true;
}

export interface GenerationsOptions {
  readonly environment: Environment;
  readonly partitions: number;
  readonly transact: Transact;
  /** What `work` returns, or that the folder can't be read or written now. */
  readonly attempt: <T>(work: () => T | Promise<T>) => Promise<T | StoreUnavailable>;
  readonly open: (name: string) => StateStore;
}

/** Each answer is from one transaction. */
export function openGenerations(options: GenerationsOptions): Generations {
  const { environment, partitions, transact, attempt, open } = options;
  return {
    names: () =>
      attempt(() => {
        environment.root.resetReadTxn();
        const { current, previous, building } = readPointer(environment);
        return { kind: 'names', current, previous, building };
      }),
    build: () =>
      attempt(() =>
        transact(() => {
          const pointer = readPointer(environment);
          if (pointer.building !== null) return { kind: 'building', name: pointer.building };
          const last = pointer.last + 1;
          writePointer(environment, { ...pointer, building: String(last), last });
          return { kind: 'building', name: String(last) };
        }),
      ),
    open,
    standings: (name) =>
      attempt(() => {
        const { heads } = environment.generation(name);
        environment.root.resetReadTxn();
        const all = Array.from({ length: partitions }, (_, partition) => standingOf(heads.get(partition)));
        return { kind: 'standings', partitions: all };
      }),
    ...switchesOf(options),
    drop: (name) =>
      attempt(async () => {
        await transact(() => forget(environment, name));
        await environment.remove(name);
        return { kind: 'dropped' };
      }),
  };
}

/** From one generation to another: begun, extended while partitions are sealed, and ended or published. */
function switchesOf({
  environment,
  transact,
  attempt,
}: GenerationsOptions): Pick<Generations, 'beginSwitch' | 'extendSwitch' | 'seal' | 'publish' | 'endSwitch'> {
  const change = <T>(work: (pointer: Pointer) => T): Promise<T | StoreUnavailable> =>
    attempt(() => transact(() => work(readPointer(environment))));
  const write = (changed: Pointer): void => writePointer(environment, changed);
  return {
    beginSwitch: (from, to, forMs) =>
      change((pointer) => {
        const isKnown = pointer.previous === to || pointer.building === to;
        if (pointer.current !== from || !isKnown) return { kind: 'refused' };
        const id = randomUUID();
        write({ ...pointer, switching: { id, to, untilMs: Date.now() + forMs } });
        return { kind: 'switching', id };
      }),
    extendSwitch: (id, forMs) =>
      change((pointer) => {
        if (pointer.switching?.id !== id) return { kind: 'ended' };
        write({ ...pointer, switching: { ...pointer.switching, untilMs: Date.now() + forMs } });
        return { kind: 'extended' };
      }),
    seal(from, id, partition) {
      const databases = environment.generation(from);
      return change(() => ({
        kind: 'sealed',
        ...seal(databases, partition, takeEpoch(environment, databases, partition), id),
      }));
    },
    publish: (id) =>
      change((pointer) => {
        if (pointer.published === id) return { kind: 'published' };
        if (pointer.switching?.id !== id) return { kind: 'ended' };
        const { to } = pointer.switching;
        const building = pointer.building === to ? null : pointer.building;
        const names = { current: to, previous: pointer.current, building };
        write({ ...pointer, ...names, switching: null, published: id });
        return { kind: 'published' };
      }),
    endSwitch: (id) =>
      change((pointer) => {
        if (pointer.switching?.id === id) write({ ...pointer, switching: null });
        return { kind: 'ended' };
      }),
  };
}

/** From here on nobody finds the generation. */
function forget(environment: Environment, name: string): void {
  const pointer = readPointer(environment);
  const { current, previous, building } = pointer;
  if (current === name) throw new Error(`generation ${name} is current`);
  const without = (one: string | null): string | null => (one === name ? null : one);
  writePointer(environment, { ...pointer, previous: without(previous), building: without(building) });
}
