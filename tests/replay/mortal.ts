import type { Generations, GenerationStore, StateStore } from '../../services/store/port';

/** What a process that was killed does no more. */
export class Death extends Error {}

export interface Mortal {
  readonly store: GenerationStore;
  /** Calls that the store was asked so far. */
  calls(): number;
}

/**
 * A store whose caller dies at its call number `at`, before or after it is done; whatever it asks later it
 * does not ask at all.
 */
export function mortal(store: GenerationStore, at: number, when: 'before' | 'after'): Mortal {
  let calls = 0;

  function watched<Arguments extends unknown[], Answer>(
    call: (...args: Arguments) => Promise<Answer>,
  ): (...args: Arguments) => Promise<Answer> {
    return async (...args) => {
      calls++;
      if (calls > at || (calls === at && when === 'before')) throw new Death(`at call ${calls}`);
      const answer = await call(...args);
      if (calls >= at) throw new Death(`after call ${calls}`);
      return answer;
    };
  }

  function watchStore(one: StateStore): StateStore {
    return {
      partitions: one.partitions,
      acquire: watched(one.acquire),
      load: one.load,
      commit: watched(one.commit),
      changesSince: watched(one.changesSince),
      clock: watched(one.clock),
      close: one.close,
    };
  }

  const { generations } = store;
  const watchedGenerations: Generations = {
    names: watched(generations.names),
    build: watched(generations.build),
    open: (name) => watchStore(generations.open(name)),
    standings: watched(generations.standings),
    beginSwitch: watched(generations.beginSwitch),
    extendSwitch: watched(generations.extendSwitch),
    seal: watched(generations.seal),
    publish: watched(generations.publish),
    endSwitch: watched(generations.endSwitch),
    drop: watched(generations.drop),
  };
  return { store: { ...watchStore(store), generations: watchedGenerations }, calls: () => calls };
}
