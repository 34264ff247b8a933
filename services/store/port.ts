/**
 * StateStore: a cache of fold(log), with the positions it was folded to.
 *
 * A partition is a versioned map of entries under one head. One commit writes the head and the changed
 * entries together, if and only if epoch and version still match; each commit raises the version by one.
 *
 * Glossary
 * - epoch: names a takeover of a partition and rises with each; a commit under an older epoch answers
 *   `stale`. Adapters base it on their clock (microseconds), so that one lost in a rewind is never given
 *   again
 * - version: (epoch, counter). The counter rises by one a commit and never restarts; carrying the epoch, a
 *   version reached twice because the store was rewound is never mistaken for the same
 * - entry: key -> text. `shown` entries are what pages are made from; `kept` ones only the owner needs
 * - generation: a whole state, folded from the log at one time; a store can have several, and pages are made
 *   from the current one. It is identified by its name, so far a whole number
 * - behind: the store may have been rewound (another server answers than at the takeover before, or nothing
 *   was ever taken over here), so its state may be older than what was shown; changesSince() answers
 *   `unavailable`
 *
 * A partition that was not yet taken over since its store's server changed answers readers `unavailable` and
 * commits `stale`: acquire() finds it behind, and the owner's first commit without `behind` shows it again.
 */
export type Space = 'shown' | 'kept';

export interface Version {
  readonly epoch: number;
  readonly counter: number;
}

/** What a commit says about the partition as a whole. */
export interface Head {
  readonly positions: { readonly lifecycle: number; readonly telemetry: number };
  readonly pageTimeMs: number;
  /** The fold's own scalars, opaque here: JSON. */
  readonly fold: string;
}

export interface Change {
  readonly space: Space;
  readonly key: string;
  /** null removes the entry. */
  readonly value: string | null;
}

export interface Commit {
  /** Default: the current one. An owner names the one that it acquired, which may no longer be current. */
  readonly generation?: string;
  readonly partition: number;
  readonly epoch: number;
  /** The counter that this commit builds on; it makes fromCounter + 1. */
  readonly fromCounter: number;
  /** Names this commit: the same epoch, counter and id again answers `applied` (a lost reply, sent again). */
  readonly batchId: string;
  readonly head: Head;
  /** A later change of the same key wins. */
  readonly changes: readonly Change[];
  /**
   * true still keeps readers away after this commit: the owner hasn't caught up yet with what may have been
   * shown.
   */
  readonly behind?: boolean;
}

export interface StoreUnavailable {
  readonly kind: 'unavailable';
  /** For an operator: what is wrong and where. */
  readonly detail: string;
}

export interface Acquired {
  readonly kind: 'acquired';
  readonly generation: string;
  readonly epoch: number;
  readonly counter: number;
  /** null: nothing has ever been committed here. */
  readonly head: Head | null;
  /** Readers are kept away until a commit without `behind`; stays so through further takeovers. */
  readonly behind: boolean;
}

export type CommitResult = { readonly kind: 'applied' } | { readonly kind: 'stale' } | StoreUnavailable;

export interface Delta {
  readonly kind: 'delta';
  readonly generation: string;
  readonly version: Version;
  readonly head: Head;
  /** `shown` entries that changed after `since`, with their values at `version`; each key once. */
  readonly changes: readonly { readonly key: string; readonly value: string | null }[];
}

export type ChangesResult =
  | Delta
  /** The changes since then are no longer kept, or `since` is not of this history: call load() again. */
  | { readonly kind: 'reload' }
  /** No commit has been made yet. */
  | { readonly kind: 'empty' }
  | StoreUnavailable;

export type Entries = readonly { readonly key: string; readonly value: string }[];

export interface StateStore {
  readonly partitions: number;
  /**
   * Takes over a partition of the current generation: raises its epoch, so that its previous owner gets
   * `stale`. A sealed one is `unavailable` until the switch has ended.
   */
  acquire(partition: number): Promise<Acquired | StoreUnavailable>;
  /**
   * All entries of a space, in chunks and in no particular order; a key may come more than once (with the
   * same value). Under one's own epoch the entries are those of acquire(). A reader without it calls
   * changesSince(version that it saw before load()) afterwards, which brings it to one version. Throws
   * StoreReadError if the store is away. `generation`: that of acquire() or of the version (default: the
   * current one), which may no longer be current.
   */
  load(partition: number, space: Space, generation?: string): AsyncIterable<Entries>;
  commit(commit: Commit): Promise<CommitResult>;
  /**
   * For each partition of the current generation the changes of `shown` entries since the version given
   * (null: none seen yet: answers the head and version with no changes, to be followed by load() and
   * changesSince(that version)). Each answer is one state of its partition, never older than any state that
   * anybody was given before this call.
   */
  changesSince(since: readonly (Version | null)[]): Promise<readonly ChangesResult[]>;
  /** The store's clock, ms since the epoch. */
  clock(): Promise<{ readonly kind: 'clock'; readonly nowMs: number } | StoreUnavailable>;
  close(): Promise<void>;
}

export class StoreReadError extends Error {}

/** A store whose state can be rebuilt beside the running one. */
export interface GenerationStore extends StateStore {
  readonly generations: Generations;
}

export interface GenerationNames {
  readonly kind: 'names';
  readonly current: string;
  /** What was current before the last switch. */
  readonly previous: string | null;
  /** The generation that is being built and is shown to nobody. */
  readonly building: string | null;
}

/** What was last committed of a partition, whether or not it is shown. */
export interface Standing {
  /** null: nothing was ever committed. */
  readonly head: Head | null;
  /** Readers are kept away from it: see the glossary. */
  readonly behind: boolean;
}

/**
 * Building a generation beside the current one, and the switch to it:
 *
 *     build() ── commits to open(name) ──> beginSwitch() ── seal() each partition ── commits ──> publish()
 *                                                 └── endSwitch(), or it expires: the current one goes on
 *
 * A sealed partition takes no commits and is not taken over, but is read as before. A process that ends in
 * the middle leaves either the old generation, whose owners continue when the switch has expired, or the new
 * one.
 */
export interface Generations {
  names(): Promise<GenerationNames | StoreUnavailable>;
  /** The one that is being built; begins one if there is none. */
  build(): Promise<{ readonly kind: 'building'; readonly name: string } | StoreUnavailable>;
  /** A generation whether or not it is current; acquire() ends its seals. close() leaves the store open. */
  open(name: string): StateStore;
  /** Of each partition. */
  standings(
    name: string,
  ): Promise<{ readonly kind: 'standings'; readonly partitions: readonly Standing[] } | StoreUnavailable>;
  /**
   * Ends any switch that is under way. After `forMs` the owners may end this one. `refused`: `from` is not
   * current.
   */
  beginSwitch(
    from: string,
    to: string,
    forMs: number,
  ): Promise<
    { readonly kind: 'switching'; readonly id: string } | { readonly kind: 'refused' } | StoreUnavailable
  >;
  /** The owners leave the switch alone for another `forMs`. */
  extendSwitch(
    id: string,
    forMs: number,
  ): Promise<{ readonly kind: 'extended' } | { readonly kind: 'ended' } | StoreUnavailable>;
  /** Seals a partition of `from`: its state stays as returned until the switch `id` ends. */
  seal(
    from: string,
    id: string,
    partition: number,
  ): Promise<(Standing & { readonly kind: 'sealed' }) | StoreUnavailable>;
  /**
   * Makes `to` current, and the current one the previous one; `ended`: the switch has ended, and nothing is
   * changed.
   */
  publish(
    id: string,
  ): Promise<{ readonly kind: 'published' } | { readonly kind: 'ended' } | StoreUnavailable>;
  endSwitch(id: string): Promise<{ readonly kind: 'ended' } | StoreUnavailable>;
  /** Removes a generation that is not current. */
  drop(name: string): Promise<{ readonly kind: 'dropped' } | StoreUnavailable>;
}
