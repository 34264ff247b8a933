import type { Fetched, Fetcher } from '../../http/fetcher';
import { microsOf } from '../fact';
import { readEvent, readInstance, readRun, readVolume } from './answers';
import type { EventRow, InstanceRow, RowReader, RunRow, VolumeRow } from './answers';
import { DstackError, openLine } from './line';
import type { Call, Line, LineOptions } from './line';

export interface ClientOptions extends LineOptions {
  readonly fetcher: Fetcher;
  readonly authorization: () => Readonly<Record<string, string>>;
  /** For dstack's page, which has another token. */
  readonly pageAuthorization: () => Readonly<Record<string, string>>;
  /** Told of malformed rows. */
  readonly onBadRows: (call: Call, rows: number) => void;
}

type Body = Readonly<Record<string, unknown>>;

interface ListFilter extends Body {
  readonly limit: number;
}

/** Where a list continues: after this row or, without an id, after this time. */
export interface From {
  readonly at: string;
  readonly id?: string;
}

/** What a list has answered. */
export interface Page<T> {
  readonly rows: readonly T[];
  /** How many rows there were, including unreadable ones. */
  readonly count: number;
  /** Where the next page begins, even if no row of this one is readable; undefined: at its end. */
  readonly next: Required<From> | undefined;
}

type List<T> = (filter: ListFilter, from?: From) => Promise<Page<T>>;
/**
 * `gone`: dstack knows it no more, or its project is deleted; `unreadable`: there is something, and nobody
 * can read it.
 */
type Get<T> = (project: string, id: string) => Promise<T | 'gone' | 'unreadable'>;

export interface DstackClient {
  readonly events: List<EventRow>;
  readonly runs: List<RunRow>;
  readonly instances: List<InstanceRow>;
  readonly volumes: List<VolumeRow>;
  readonly run: Get<RunRow>;
  readonly instance: Get<InstanceRow>;
  /** dstack's page for Prometheus, and when it was asked for, by our clock. */
  page(): Promise<{ readonly bytes: Buffer; readonly sentMs: number }>;
  /**
   * Whether the token is an administrator's: others are shown only their own projects, as if there were no
   * more.
   */
  seesAll(): Promise<boolean>;
  /** How long the server took to answer, all requests so far. */
  busyMs(): number;
}

/**
 * How a list is paged: the member that its rows are sorted by, and the parameter that takes the last row's
 * value.
 */
interface Paging {
  readonly by: string;
  readonly at: string;
  readonly id: string;
}

const PAGINGS = {
  events: { by: 'recorded_at', at: 'prev_recorded_at', id: 'prev_id' },
  runs: { by: 'submitted_at', at: 'prev_submitted_at', id: 'prev_run_id' },
  instances: { by: 'created', at: 'prev_created_at', id: 'prev_id' },
  volumes: { by: 'created_at', at: 'prev_created_at', id: 'prev_id' },
} as const satisfies Partial<Record<Call, Paging>>;

/**
 * Asks one thing at a time, and as little as possible: a server refuses requests with fields unknown to it.
 */
export function openDstackClient(options: ClientOptions): DstackClient {
  const line = openLine(options);
  const api: Api = { ask: openAsk(line, options), onBadRows: options.onBadRows };
  return {
    events: lists(api, 'events', readEvent),
    runs: lists(api, 'runs', readRun),
    instances: lists(api, 'instances', readInstance),
    volumes: lists(api, 'volumes', readVolume),
    run: gets(api, 'run', readRun),
    instance: gets(api, 'instance', readInstance),
    async page() {
      const headers = { ...HEADERS, ...tokenOf(options.pageAuthorization) };
      const get = (url: string): Promise<Fetched> => options.fetcher.get(url, headers);
      const page = await line.send('metrics', '/metrics', get, (bytes, _url, sentMs) => ({ bytes, sentMs }));
      if (page === undefined) throw new DstackError('failing', 'the page is gone');
      return page;
    },
    async seesAll() {
      const user = await api.ask('user', '/api/users/get_my_user', {});
      return isObject(user) && 'global_role' in user && user.global_role === 'admin';
    },
    busyMs: () => line.busyMs(),
  };
}

interface Api {
  /**
   * JSON. Undefined: what was asked for by its id is gone. Throws a DstackError, where the answer is not as
   * expected too.
   */
  readonly ask: (
    call: Call,
    path: string,
    body: Body,
    isExpected?: (value: unknown) => boolean,
  ) => Promise<unknown>;
  readonly onBadRows: ClientOptions['onBadRows'];
}

function openAsk(line: Line, { fetcher, authorization }: ClientOptions): Api['ask'] {
  return async (call, path, body, isExpected = isObject) => {
    const headers = { ...HEADERS, 'content-type': 'application/json', ...tokenOf(authorization) };
    const post = (url: string): Promise<Fetched> => fetcher.post(url, headers, JSON.stringify(body));
    return line.send(call, path, post, (bytes, url) => {
      const value = parse(bytes, url);
      if (isExpected(value)) return value;
      throw new DstackError('unreadable', `${url}: the answer is another JSON than expected`);
    });
  };
}

function lists<T>({ ask, onBadRows }: Api, call: keyof typeof PAGINGS, read: RowReader<T>): List<T> {
  const paging: Paging = PAGINGS[call];
  const path = `/api/${call}/list`;
  return async (filter, from) => {
    const after = {
      ...(from !== undefined && { [paging.at]: from.at }),
      ...(from?.id !== undefined && { [paging.id]: from.id }),
    };
    const rows = await ask(call, path, { ...filter, ...after }, Array.isArray);
    if (!Array.isArray(rows)) return { rows: [], count: 0, next: undefined };
    const next = nextOf(rows, paging);
    if (next === undefined && rows.length === filter.limit)
      throw new DstackError('unreadable', `${path}: no row has an id and a time, expected ${paging.by}`);
    const taken = rows.map(read).filter((row) => row !== undefined);
    if (taken.length < rows.length) onBadRows(call, rows.length - taken.length);
    return { rows: taken, count: rows.length, next };
  };
}

/**
 * So often one and the same row may fail before all else goes on without it: dstack answers 500 for one that
 * it can't read itself.
 */
const FAILURES = 3;

function gets<T>({ ask, onBadRows }: Api, call: 'run' | 'instance', read: RowReader<T>): Get<T> {
  const failures = new Map<string, number>();

  function isStubborn(id: string, error: unknown): boolean {
    if (!(error instanceof DstackError) || error.fault !== 'failing') return false;
    const count = (failures.get(id) ?? 0) + 1;
    failures.set(id, count);
    return count >= FAILURES;
  }

  return async (project, id) => {
    const path = `/api/project/${encodeURIComponent(project)}/${call}s/get`;
    const value = await ask(call, path, { id }).catch((error: unknown) => {
      if (isStubborn(id, error)) return 'unreadable';
      throw error;
    });
    if (value === undefined) return 'gone';
    const row = read(value);
    if (row === undefined) onBadRows(call, 1);
    else failures.delete(id);
    return row ?? 'unreadable';
  };
}

/** The last row with a readable place in the list: that can be read even if the rest of it can't. */
function nextOf(rows: readonly unknown[], { by }: Paging): Required<From> | undefined {
  for (const row of [...rows].reverse()) {
    if (!isObject(row)) continue;
    const { id, at } = { id: memberOf(row, 'id'), at: memberOf(row, by) };
    if (typeof id === 'string' && typeof at === 'string' && microsOf(at) !== null) return { at, id };
  }
  return undefined;
}

function memberOf(row: object, name: string): unknown {
  return Object.entries(row).find(([each]) => each === name)?.[1];
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
