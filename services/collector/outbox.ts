import type { Logger } from '../process/logger';

/** Puts events, as JSON, on the log. */
export type Deliver = (events: readonly string[]) => Promise<Delivery>;

export type Delivery =
  /** All but the rejected ones are durable. */
  | {
      readonly kind: 'delivered';
      readonly rejected: readonly { readonly reason: string; readonly detail: string }[];
    }
  /** Perhaps none is; they will be sent again. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export interface Outbox {
  /** Whether there is room for more. While the log is slow or away, nothing more should be scraped. */
  hasRoom(): boolean;
  /** Replaces an event of the same key that has not been sent yet: only the latest sample counts. */
  put(key: string, event: string): void;
  /** Whether the last delivery succeeded. */
  isUp(): boolean;
  /** Sends what is left, once. */
  close(): Promise<void>;
}

export interface OutboxOptions {
  readonly deliver: Deliver;
  readonly logger: Logger;
  readonly onDelivered: (
    events: number,
    rejected: readonly { readonly reason: string; readonly detail: string }[],
  ) => void;
}

/** How long events are gathered, so that a request carries several. */
const GATHER_MS = 100;
const BATCH_CHARS = 4_000_000;
const BUFFERED_CHARS = 64_000_000;
const RETRY_MS = { first: 1000, longest: 30_000 };

/** What waits to be sent. */
interface Waiting {
  /** By key. */
  readonly pending: Map<string, string>;
  chars: number;
}

export function openOutbox({ deliver, logger, onDelivered }: OutboxOptions): Outbox {
  const waiting: Waiting = { pending: new Map(), chars: 0 };
  const pause = openPause();
  let isClosing = false;
  let failures = 0;
  let sending: Promise<void> | undefined;

  async function sendBatch(): Promise<void> {
    const batch = takeBatch(waiting);
    const delivery = await deliver(batch.map(([, event]) => event));
    if (delivery.kind === 'delivered') {
      if (failures > 0) logger.info({ failures }, 'the log takes events again');
      failures = 0;
      onDelivered(batch.length - delivery.rejected.length, delivery.rejected);
      return;
    }
    if (failures++ === 0) logger.warn({ detail: delivery.detail }, 'the log takes no events');
    // Whatever was scraped in the meantime is newer.
    for (const [key, event] of batch) if (!waiting.pending.has(key)) put(waiting, key, event);
  }

  async function sendAll(): Promise<void> {
    await pause.wait(GATHER_MS);
    while (waiting.pending.size > 0) {
      await sendBatch();
      if (isClosing) break;
      if (failures > 0) await pause.wait(Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** (failures - 1)));
    }
    sending = undefined;
  }

  return {
    hasRoom: () => waiting.chars < BUFFERED_CHARS,
    put(key, event) {
      put(waiting, key, event);
      if (!isClosing) sending ??= sendAll();
    },
    isUp: () => failures === 0,
    async close() {
      isClosing = true;
      pause.end();
      await sending;
      if (failures > 0) return;
      while (waiting.pending.size > 0 && failures === 0) await sendBatch();
    },
  };
}

function put(waiting: Waiting, key: string, event: string): void {
  waiting.chars += event.length - (waiting.pending.get(key)?.length ?? 0);
  waiting.pending.set(key, event);
}

function takeBatch(waiting: Waiting): [string, string][] {
  const batch: [string, string][] = [];
  let chars = 0;
  for (const entry of waiting.pending) {
    if (batch.length > 0 && chars + entry[1].length > BATCH_CHARS) break;
    chars += entry[1].length;
    batch.push(entry);
    waiting.pending.delete(entry[0]);
  }
  waiting.chars -= chars;
  return batch;
}

/** A delay that can be ended early, one at a time. */
function openPause() {
  let end = (): void => undefined;
  return {
    async wait(ms: number): Promise<void> {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    end: () => end(),
  };
}
