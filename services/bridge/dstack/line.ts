import { setTimeout as delay } from 'node:timers/promises';
import type { Fetched } from '../../http/fetcher';
import type { Fault } from '../port';
import type { ServerClock } from './server-clock';

export const CALLS = [
  'events',
  'runs',
  'run',
  'instances',
  'instance',
  'volumes',
  'metrics',
  'user',
] as const;
export type Call = (typeof CALLS)[number];

/** dstack didn't answer properly: ends the piece that is being read. */
export class DstackError extends Error {
  constructor(
    readonly fault: Fault,
    message: string,
  ) {
    super(message);
  }
}

export interface LineOptions {
  readonly url: string;
  readonly clock: ServerClock;
  readonly now: () => number;
  /** Called for each answer: what was asked, how it went, how long it took. */
  readonly onAnswer: (call: Call, result: 'ok' | Fault, ms: number) => void;
}

/** The requests to a server, one after another. */
export interface Line {
  /**
   * One request, and what is read from its answer. Undefined: what was asked for by id is gone. Throws a
   * DstackError.
   */
  send<T>(
    call: Call,
    path: string,
    fetch: (url: string) => Promise<Fetched>,
    read: (bytes: Buffer, url: string, sentMs: number) => T,
  ): Promise<T | undefined>;
  /** How long the server took to answer, all requests so far. */
  busyMs(): number;
}

/**
 * After an answer the server is left alone for this many times as long as it took: never more than a quarter
 * of one of its cores is used.
 */
const REST_FACTOR = 3;
const LONGEST_REST_MS = 10_000;

export function openLine({ url: base, clock, now, onAnswer }: LineOptions): Line {
  let busyMs = 0;
  let restUntilMs = 0;
  let last: Promise<unknown> = Promise.resolve();

  /** Each request waits for the previous one, and for the server's rest. */
  async function inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const before = last;
    const mine = before.catch(() => undefined).then(ask);
    last = mine;
    return mine;
  }

  function note(call: Call, result: 'ok' | Fault, ms: number): void {
    busyMs += ms;
    restUntilMs = now() + Math.min(LONGEST_REST_MS, ms * REST_FACTOR);
    onAnswer(call, result, ms);
  }

  return {
    send(call, path, fetch, read) {
      const url = `${base.replace(/\/+$/, '')}${path}`;
      return inTurn(async () => {
        await delay(Math.max(0, Math.min(LONGEST_REST_MS, restUntilMs - now())));
        const sentMs = now();
        let result: 'ok' | Fault = 'failing';
        try {
          const fetched = await fetch(url);
          if (fetched.kind === 'failed') {
            if (!isGone(call, fetched.status)) throw errorOf(url, fetched);
            result = 'ok';
            return undefined;
          }
          clock.note(fetched.date, now());
          const answer = read(fetched.bytes, url, sentMs);
          result = 'ok';
          return answer;
        } catch (error) {
          if (error instanceof DstackError) result = error.fault;
          throw error;
        } finally {
          note(call, result, now() - sentMs);
        }
      });
    },
    busyMs: () => busyMs,
  };
}

/** What is asked for by id may be gone, or its project. */
function isGone(call: Call, status: number | undefined): boolean {
  return (call === 'run' || call === 'instance') && (status === 400 || status === 404);
}

type Failed = Extract<Fetched, { kind: 'failed' }>;

function errorOf(url: string, failed: Failed): DstackError {
  const { fault, detail } = faultOf(failed);
  return new DstackError(fault, `${url}: ${detail}`);
}

/** What to do about it, in one line. */
function faultOf({ fault, detail, status }: Failed): Fails {
  if (status === 401 || status === 403)
    return {
      fault: 'unauthorized',
      detail: `answered ${String(status)}: the token is wrong, was revoked, or may not see this`,
    };
  if (status === 422 || status === 400)
    return {
      fault: 'refused',
      detail: `answered ${String(status)}: it does not take this request, its version may be another one`,
    };
  if (status !== undefined) return { fault: 'failing', detail };
  if (fault === 'timeout') return { fault: 'slow', detail };
  return { fault: fault === 'connection' ? 'away' : 'unreadable', detail };
}

interface Fails {
  readonly fault: Fault;
  readonly detail: string;
}
