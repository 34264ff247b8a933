import { Type } from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';

/**
 * What the adapter has to remember between two pieces, as JSON: how far it has read, and what it has told
 * about things that are not finished yet. It grows with what is alive, not with history.
 */
const Cursor = Type.Object({ at: Type.String(), id: Type.String() });
export type Cursor = Static<typeof Cursor>;

const Known = {
  /** In dstack's words; the last one that an event or a list has told. */
  status: Type.String(),
  /** When that began, microseconds. */
  statusMicros: Type.Integer(),
  /** Ids of the facts told from its row. */
  sent: Type.Array(Type.String()),
  /** When it ended, microseconds, according to an event or its row. */
  endMicros: Type.Optional(Type.Integer()),
};

const KnownJob = Type.Object({
  ...Known,
  name: Type.String(),
  num: Type.Integer(),
  replicaNum: Type.Integer(),
  /** When its row was created, according to the event: for one whose row is gone. */
  createdMicros: Type.Optional(Type.Integer()),
  provisionedMicros: Type.Optional(Type.Integer()),
  instance: Type.Optional(Type.Object({ id: Type.String(), name: Type.String() })),
  /** Why it is being terminated, according to the event. */
  reason: Type.Optional(Type.String()),
});
export type KnownJob = Static<typeof KnownJob>;

const KnownRun = Type.Object({
  ...Known,
  project: Type.String(),
  user: Type.String(),
  name: Type.String(),
  jobs: Type.Record(Type.String(), KnownJob),
});
export type KnownRun = Static<typeof KnownRun>;

const KnownInstance = Type.Object({
  ...Known,
  project: Type.String(),
  /** The status it was created in. */
  createdAs: Type.Optional(Type.String()),
  hostname: Type.Optional(Type.String()),
});
export type KnownInstance = Static<typeof KnownInstance>;

const KnownVolume = Type.Object({
  sent: Known.sent,
  /** When dstack last showed it, microseconds. */
  seenMicros: Type.Integer(),
  endMicros: Known.endMicros,
});

const Book = Type.Object({
  version: Type.Literal(1),
  /** While the snapshot is incomplete: where its lists continue. */
  snapshot: Type.Optional(
    Type.Object({
      /** The first event that dstack still has; absent: there is none. */
      firstEventMicros: Type.Optional(Type.Integer()),
      instances: Type.Union([Cursor, Type.Literal('unread'), Type.Literal('begin'), Type.Literal('done')]),
      runs: Type.Union([Cursor, Type.Literal('begin')]),
    }),
  ),
  /** The newest event read. */
  events: Type.Optional(Cursor),
  /**
   * The events read whose times are so close to the newest one that others may still appear beside them:
   * id -> microseconds.
   */
  seen: Type.Record(Type.String(), Type.Integer()),
  /** The newest instance and run listed: newer ones have been created since. */
  newestInstance: Type.Optional(Cursor),
  newestRun: Type.Optional(Cursor),
  /** When everything alive was last listed, microseconds. */
  relistedMicros: Type.Optional(Type.Integer()),
  runs: Type.Record(Type.String(), KnownRun),
  instances: Type.Record(Type.String(), KnownInstance),
  /** Those that exist, and the newest one listed; absent in the states of versions that knew none. */
  volumes: Type.Optional(Type.Record(Type.String(), KnownVolume)),
  newestVolume: Type.Optional(Cursor),
});
export type Book = Static<typeof Book>;

const compiled = TypeCompiler.Compile(Book);

const FRESH: Book = {
  version: 1,
  snapshot: { instances: 'unread', runs: 'begin' },
  seen: {},
  runs: {},
  instances: {},
};

/** A writable copy of a book; undefined if it isn't one. */
export function openBook(state: unknown): Book | undefined {
  if (state === undefined) return structuredClone(FRESH);
  return compiled.Check(state) ? structuredClone(state) : undefined;
}
