import type { TelemetryEvent } from '../../events/event';
import type { Fact } from './fact';

/**
 * A control plane that is watched.
 *
 * - It is read a piece at a time. A piece begins where the state of the previous one ends; without a state it
 *   is the beginning of a snapshot of everything that the control plane still knows.
 * - A fact has one source for its time, the control plane. A fact found there late, without its own time,
 *   carries the earliest time that the control plane can vouch for.
 * - A piece that is read again from the same state, say after a crash, gives the same facts, or more; never
 *   different ones.
 * - The facts of one entity in a piece are in order, its description first.
 */
export interface ControlPlane {
  /** @param state what the last piece returned, or as kept as JSON; undefined: from the beginning */
  advance(state: unknown): Promise<Advance>;
  /** What its jobs use now, if the control plane tells. Only the latest counts, so no state is kept. */
  sample(source: string): Promise<Sampled | Unavailable>;
}

export type Advance = Advanced | Unavailable;

export interface Advanced {
  readonly kind: 'advanced';
  readonly facts: readonly Fact[];
  /** JSON. To be stored once the facts are on the log, and not before. */
  readonly state: unknown;
  /**
   * Until the snapshot is complete, what it lacks is not known to be missing. `behind`: more has happened
   * than was read; `changes`: everything that has happened until now.
   */
  readonly phase: 'snapshot' | 'behind' | 'changes';
  /** Addresses of the live instances, by their ids. */
  readonly hosts: ReadonlyMap<string, string>;
  /** When to ask for the next piece: the control plane has other work to do. */
  readonly waitMs: number;
}

export interface Sampled {
  readonly kind: 'sampled';
  readonly events: readonly TelemetryEvent[];
  readonly waitMs: number;
}

/** The control plane is away, or does not answer properly; the state stays as it was. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly fault: Fault;
  /** One line, without anything of the answer's body, which may contain secrets. */
  readonly detail: string;
}

export const FAULTS = ['away', 'slow', 'unauthorized', 'refused', 'failing', 'unreadable'] as const;
export type Fault = (typeof FAULTS)[number];
