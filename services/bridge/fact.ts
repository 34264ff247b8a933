import { createHash } from 'node:crypto';
import { declarationOf, isTelemetry } from '../../events/event';
import type { LifecycleEvent } from '../../events/event';
import { parseTime } from '../../events/time';

/**
 * Microseconds since the epoch, as control planes' databases keep them. Exact in a double until the year
 * 2255.
 */
export type Micros = number;

type Said<E> = E extends LifecycleEvent ? Pick<E, 'type' | 'data'> : never;

/** What a control plane tells us: a lifecycle event without a name. */
export type Fact = Said<LifecycleEvent> & {
  /** When it begins to hold, according to the control plane. */
  readonly atMicros: Micros;
  /** Orders facts of the same microsecond, 0 to 99: the later one holds. */
  readonly detail: number;
};

/** The maximum of `detail`: an end comes after everything else. */
export const LAST = 99;

/** An RFC 3339 time to the microsecond; null if it is none. */
export function microsOf(text: string): Micros | null {
  const ms = parseTime(text);
  if (ms === null) return null;
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return ms * 1000 + Number(fraction.padEnd(6, '0').slice(3, 6));
}

/** In the control plane's form. */
export function microsText(micros: Micros): string {
  const ms = Math.floor(micros / 1000);
  const rest = String(micros - ms * 1000).padStart(3, '0');
  return new Date(ms).toISOString().replace('Z', `${rest}Z`);
}

/**
 * The event that tells a fact. Its id is a digest of its content: whoever learns the same fact, in whatever
 * way and however often, makes the same event, and no id ever has two contents. `sequence` orders the facts
 * of a millisecond as the control plane's microseconds do. Undefined if the control plane's data doesn't fit
 * into an event, such as a price of millions.
 */
export function eventOf(fact: Fact, source: string): LifecycleEvent | undefined {
  const { type, data, atMicros, detail } = fact;
  const timeMs = Math.floor(atMicros / 1000);
  const sequence = String((atMicros - timeMs * 1000) * 100 + detail);
  const event = declarationOf(type)?.accept({ id: idOf(fact), source, timeMs, sequence }, data);
  return event == null || isTelemetry(event) ? undefined : event;
}

const NAME = /^fleetmeter\.(.+)\.v1$/;

export function idOf(fact: Fact): string {
  const { type, data, atMicros, detail } = fact;
  const said = JSON.stringify([type, atMicros, detail, data]);
  const digest = createHash('sha256').update(said).digest('base64url').slice(0, 22);
  return `${NAME.exec(type)?.[1] ?? type}/${digest}`;
}

/** Earlier facts first; a description before what it describes. */
export function compareFacts(a: Fact, b: Fact): number {
  return a.atMicros - b.atMicros || a.detail - b.detail;
}
