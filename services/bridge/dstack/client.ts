import { setTimeout as delay } from 'node:timers/promises';
import type { Fetched, Fetcher } from '../../http/fetcher';
import type { Fault } from '../port';
import { readEvent, readInstance, readRun } from './answers';
import type { EventRow, InstanceRow, RowReader, RunRow } from './answers';
import type { ServerClock } from './server-clock';

export interface ClientOptions {
  readonly url: string;
  readonly fetcher: Fetcher;
  readonly authorization: () => Readonly<Record<string, string>>;
  /** For dstack's page: its token is another one. */
  readonly pageAuthorization: () => Readonly<Record<string, string>>;
  readonly clock: ServerClock;
  readonly now: () => number;
  /** Told of each answer: what was asked, how it went, how long it took. */
  readonly onAnswer: (call: Call, result: 'ok' | Fault, ms: number) => void;
  /** Told of rows that are not as they should be. */
  readonly onBadRows: (call: Call, rows: number) => void;
}

export const CALLS = ['events', 'runs', 'run', 'instances', 'instance', 'metrics', 'user'] as const;
export type Call = (typeof CALLS)[number];

/** dstack did not answer as it should: ends the piece that is being read. */
export class DstackError extends Error {
  constructor(
    readonly fault: Fault,
    message: string,
  ) {
    super(message);
  }
}

type Body = Readonly<Record<string, unknown>>;

/** What a list has answered. */
export interface Page<T> {
  readonly rows: readonly T[];
  /** How many rows there were, unreadable ones too. */
  readonly count: number;
}

export interface DstackClient {
  readonly events: (body: Body) => Promise<Page<EventRow>>;
  readonly runs: (body: Body) => Promise<Page<RunRow>>;
  readonly instances: (body: Body) => Promise<Page<InstanceRow>>;
  /** Undefined: dstack knows it no more, or its project is deleted. */
  readonly run: (project: string, id: string) => Promise<RunRow | undefined>;
  readonly instance: (project: string, id: string) => Promise<InstanceRow | undefined>;
  /** dstack's page for Prometheus, and when it was asked for, by our clock. */
  page(): Promise<{ readonly bytes: Buffer; readonly sentMs: number }>;
  /** Whether the token is an administrator's: to others dstack shows their own projects, and of the rest it says that there is none. */
  seesAll(): Promise<boolean>;
  /** How long the server took to answer, all requests so far. */
  busyMs(): number;
}

/** After an answer the server is left alone for so many times as long as it took: never more than a quarter of one core of it. */
const REST_FACTOR = 3;
const LONGEST_REST_MS = 10_000;

/** Asks one thing at a time, and as little as possible: fields that a server does not know make it refuse a request. */
export function openDstackClient(options: ClientOptions): DstackClient {
  const { fetcher, authorization, pageAuthorization, clock, now, onAnswer, onBadRows } = options;
  const base = options.url.replace(/\/+$/, '');
  let busyMs = 0;
  let restUntilMs = 0;
  let last: Promise<unknown> = Promise.resolve();

  /** In turn: whoever asks waits for the one before, and for the server's rest. */
  async function inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const before = last;
    const mine = before.catch(() => undefined).then(ask);
    last = mine;
    return mine;
  }

  /** One request, and what is read of its answer. Undefined: what was asked for by its id is gone. */
  function send<T>(
    call: Call,
    path: string,
    fetch: (url: string) => Promise<Fetched>,
    read: (bytes: Buffer, sentMs: number) => T,
  ): Promise<T | undefined> {
    const ask = async (sentMs: number): Promise<T | undefined> => {
      const fetched = await fetch(`${base}${path}`);
      if (fetched.kind === 'failed') {
        if (isGone(call, fetched.status)) return undefined;
        const { fault, detail } = faultOf(fetched);
        throw new DstackError(fault, `${base}${path}: ${detail}`);
      }
      clock.note(fetched.date, now());
      return read(fetched.bytes, sentMs);
    };
    return inTurn(async () => {
      await delay(Math.max(0, restUntilMs - now()));
      const sentMs = now();
      let result: 'ok' | Fault = 'failing';
      try {
        const answer = await ask(sentMs);
        result = 'ok';
        return answer;
      } catch (error) {
        if (error instanceof DstackError) result = error.fault;
        throw error;
      } finally {
        const ms = now() - sentMs;
        busyMs += ms;
        restUntilMs = now() + Math.min(LONGEST_REST_MS, ms * REST_FACTOR);
        onAnswer(call, result, ms);
      }
    });
  }

  async function ask(
    call: Call,
    path: string,
    body: Body,
    isExpected: (value: unknown) => boolean = isObject,
  ): Promise<unknown> {
    const headers = { ...HEADERS, 'content-type': 'application/json', ...tokenOf(authorization) };
    return send(
      call,
      path,
      (url) => fetcher.post(url, headers, JSON.stringify(body)),
      (bytes) => {
        const value = parse(bytes, `${base}${path}`);
        if (isExpected(value)) return value;
        throw new DstackError('unreadable', `${base}${path}: the answer is another JSON than expected`);
      },
    );
  }

  async function list<T>(call: Call, path: string, body: Body, read: RowReader<T>): Promise<Page<T>> {
    const rows = await ask(call, path, body, Array.isArray);
    if (!Array.isArray(rows)) return { rows: [], count: 0 };
    const taken = rows.map(read).filter((row) => row !== undefined);
    if (taken.length < rows.length) onBadRows(call, rows.length - taken.length);
    return { rows: taken, count: rows.length };
  }

  async function get<T>(call: Call, path: string, id: string, read: RowReader<T>): Promise<T | undefined> {
    const value = await ask(call, path, { id });
    const row = read(value);
    if (value !== undefined && row === undefined) onBadRows(call, 1);
    return row;
  }

  return {
    events: (body) => list('events', '/api/events/list', body, readEvent),
    runs: (body) => list('runs', '/api/runs/list', body, readRun),
    instances: (body) => list('instances', '/api/instances/list', body, readInstance),
    run: (project, id) => get('run', `/api/project/${encodeURIComponent(project)}/runs/get`, id, readRun),
    instance: (project, id) =>
      get('instance', `/api/project/${encodeURIComponent(project)}/instances/get`, id, readInstance),
    async page() {
      const headers = { ...HEADERS, ...tokenOf(pageAuthorization) };
      const page = await send('metrics', '/metrics', (url) => fetcher.get(url, headers), pageOf);
      if (page === undefined) throw new DstackError('failing', 'the page is gone');
      return page;
    },
    async seesAll() {
      const user = await ask('user', '/api/users/get_my_user', {});
      return (
        typeof user === 'object' && user !== null && 'global_role' in user && user.global_role === 'admin'
      );
    },
    busyMs: () => busyMs,
  };
}

function pageOf(bytes: Buffer, sentMs: number) {
  return { bytes, sentMs };
}

const HEADERS = { accept: 'application/json, text/plain', 'user-agent': 'fleetmeter' };

function tokenOf(authorization: () => Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  try {
    return authorization();
  } catch (error) {
    throw new DstackError('unauthorized', `the token can't be read: ${String(error)}`);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function parse(bytes: Buffer, url: string): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new DstackError('unreadable', `${url}: the answer is no JSON, or was cut off`);
  }
}

/** What one asks for by its id may be gone, or its project. */
function isGone(call: Call, status: number | undefined): boolean {
  return (call === 'run' || call === 'instance') && (status === 400 || status === 404);
}

/** What is to be done about it, in one line. */
function faultOf({ fault, detail, status }: Extract<Fetched, { kind: 'failed' }>): Fails {
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
