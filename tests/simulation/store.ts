import { StoreReadError, type StateStore, type StoreUnavailable } from '../../services/store/port';
import type { Host } from './host';
import type { Network } from './network';
import type { StoreServer } from './store-server';

export interface StorePlace {
  readonly server: StoreServer;
  readonly network: Network;
  /** Why it does not answer; null: it does. */
  readonly away: () => string | null;
}

/** Has something done at the server, over a network that loses, delays and repeats. */
export type Ask = <T>(execute: () => T) => Promise<T | StoreUnavailable>;

export function askOf({ network, away }: StorePlace, host: Host): Ask {
  const unavailable = (detail: string): StoreUnavailable => ({ kind: 'unavailable', detail });
  return <T>(execute: () => T) => {
    const answered = (): T | StoreUnavailable => {
      const why = away();
      return why === null ? execute() : unavailable(why);
    };
    return network.request<T | StoreUnavailable>(host, answered, unavailable('no answer'));
  };
}

/** Entries that load() reads at a time: few, so that commits come in between. */
const SCANNED = 8;

/** A process's handle on the simulated store. */
export function openSimulatedStore(place: StorePlace, host: Host): StateStore {
  const { server } = place;
  const ask = askOf(place, host);
  return {
    partitions: server.partitions.length,
    acquire: (number) => ask(() => server.acquire(number)),
    commit: (request) => ask(() => server.commit(request)),
    changesSince: (since) =>
      Promise.all(since.map((version, number) => ask(() => server.changes(number, version)))),
    async *load(number, space) {
      const told = await ask(() => ({ kind: 'keys' as const, keys: server.keys(number, space) }));
      if (told.kind === 'unavailable') throw new StoreReadError(told.detail);
      for (let from = 0; from < told.keys.length; from += SCANNED) {
        const keys = told.keys.slice(from, from + SCANNED);
        const answer = await ask(() => ({
          kind: 'read' as const,
          entries: server.values(number, space, keys),
        }));
        if (answer.kind === 'unavailable') throw new StoreReadError(answer.detail);
        yield answer.entries;
      }
    },
    clock: () => ask(() => ({ kind: 'clock' as const, nowMs: server.nowMs() })),
    close: () => Promise.resolve(),
  };
}
