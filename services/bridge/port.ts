import type { TelemetryEvent } from '../../events/event';
import type { Fact } from './fact';

/**
 * A control plane that is watched.
 *
 * - It is read a piece at a time. A piece begins where the state of the last one ends; without a state it is
 *   the beginning of a snapshot, of all that the control plane still knows.
 * - A fact has one source of its time, which is the control plane's. A fact that is found there late, without
 *   a time of its own, carries the earliest time that the control plane can vouch for.
 * - A piece that is read again from the same state, after a crash say, gives facts that say the same, or
 *   more; never others.
 * - Of one entity the facts of a piece stand in order, its description first.
 */
export interface ControlPlane {
  /** @param state what the last piece gave, or what was kept of it as JSON; undefined: from the beginning */
  advance(state: unknown): Promise<Advance>;
  /**
   * What its jobs use now, where the control plane tells. Only the latest counts, so nothing of it is kept.
   */
  sample(source: string): Promise<Sampled | Unavailable>;
}

export type Advance = Advanced | Unavailable;

export interface Advanced {
  readonly kind: 'advanced';
  readonly facts: readonly Fact[];
  /** JSON. To be kept once the facts are on the log, and not before. */
  readonly state: unknown;
  /**
   * Until the snapshot is whole, what it lacks is not known to be lacking. `behind`: more has happened than
   * was read; `changes`: all that has happened until now.
   */
  readonly phase: 'snapshot' | 'behind' | 'changes';
  /** Where the live instances can be reached, by their ids. */
  readonly hosts: ReadonlyMap<string, string>;
  /** When the next piece is to be asked for: the control plane has other work to do. */
  readonly waitMs: number;
}

export interface Sampled {
  readonly kind: 'sampled';
  readonly events: readonly TelemetryEvent[];
  readonly waitMs: number;
}

/** The control plane is away, or does not answer as it should; the state stays as it was. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly fault: Fault;
  /** One line, without anything of the answer's body: that may hold secrets. */
  readonly detail: string;
}

export const FAULTS = ['away', 'slow', 'unauthorized', 'refused', 'failing', 'unreadable'] as const;
export type Fault = (typeof FAULTS)[number];
