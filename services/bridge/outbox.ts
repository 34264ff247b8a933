import { encodeEvent } from '../../events/codec';
import type { FleetEvent } from '../../events/event';
import { REFUSAL_REASONS } from '../../events/refusal';
import type { Logger } from '../process/logger';
import { openSeldom } from '../process/rare-warning';
import type { Backoff } from './backoff';
import type { BridgeMetrics } from './metrics';
import type { TroubleOf, Troubles } from './troubles';

/** Puts events, as JSON, on the log. */
export type Deliver = (events: readonly string[]) => Promise<Delivery>;

export type Delivery =
  /** All but the rejected ones are durable. */
  | { readonly kind: 'delivered'; readonly rejected: readonly Rejected[] }
  /** Perhaps none is. */
  | { readonly kind: 'unavailable'; readonly detail: string };

interface Rejected {
  /** Of the events sent. */
  readonly index: number;
  readonly reason: string;
  readonly detail: string;
}

export interface OutboxOptions {
  readonly deliver: Deliver;
  readonly backoff: (of: TroubleOf) => Backoff;
  /** Whether nothing more is to be sent. */
  readonly isClosing: () => boolean;
  readonly pause: (ms: number) => Promise<void>;
  readonly troubles: Troubles;
  readonly logger: Logger;
  readonly metrics: BridgeMetrics;
  readonly now: () => number;
}

export interface Outbox {
  /** Sends until all that the log takes are on it; false: not all are, since it closes. */
  put(events: readonly FleetEvent[]): Promise<boolean>;
}

const BATCH_EVENTS = 5000;
/** Well below the gateway's 10 MB. */
const BATCH_CHARS = 4_000_000;
/** The log refuses what is 300 s ahead of its clock; what is that far ahead of ours waits until it isn't. */
const AHEAD_MS = 240_000;
const CLOCK_PAUSE_MS = 1000;

export function openOutbox(options: OutboxOptions): Outbox {
  const { deliver, isClosing, pause, troubles, logger, metrics, now } = options;
  const seldom = openSeldom(logger, now);
  // Starting at 0, so that the first one is an increase.
  for (const reason of REFUSAL_REASONS) metrics.eventsRejected.inc({ reason }, 0);

  async function waitForClock(events: readonly FleetEvent[]): Promise<void> {
    const newestMs = events.reduce((newest, { timeMs }) => Math.max(newest, timeMs), -Infinity);
    while (newestMs - now() > AHEAD_MS && !isClosing()) {
      troubles.set(
        'clock',
        `over ${String(AHEAD_MS / 1000)} s ahead of this machine's: set one of them right`,
      );
      await pause(Math.min(newestMs - now() - AHEAD_MS, CLOCK_PAUSE_MS));
    }
    troubles.set('clock', undefined);
  }

  async function send(batch: readonly Encoded[]): Promise<boolean> {
    const waiting = options.backoff('log');
    while (!isClosing()) {
      const delivery = await deliver(batch.map(({ json }) => json));
      if (delivery.kind === 'delivered') {
        waiting.clear();
        count(batch, delivery.rejected);
        return true;
      }
      await waiting.wait(delivery.detail);
    }
    return false;
  }

  function count(batch: readonly Encoded[], rejected: readonly Rejected[]): void {
    const refused = new Set(rejected.map(({ index }) => index));
    for (const [index, { event }] of batch.entries())
      if (!refused.has(index)) metrics.events.inc({ type: event.type });
    for (const { index, reason, detail } of rejected) {
      metrics.eventsRejected.inc({ reason });
      seldom.warn({ reason, detail, id: batch[index]?.event.id }, 'an event was refused');
    }
  }

  return {
    async put(events) {
      await waitForClock(events);
      for (const batch of batchesOf(events)) if (!(await send(batch))) return false;
      return !isClosing() || events.length === 0;
    },
  };
}

interface Encoded {
  readonly event: FleetEvent;
  readonly json: string;
}

function* batchesOf(events: readonly FleetEvent[]): Generator<Encoded[]> {
  let batch: Encoded[] = [];
  let chars = 0;
  for (const event of events) {
    const json = encodeEvent(event);
    batch.push({ event, json });
    chars += json.length;
    if (batch.length < BATCH_EVENTS && chars < BATCH_CHARS) continue;
    yield batch;
    batch = [];
    chars = 0;
  }
  if (batch.length > 0) yield batch;
}
