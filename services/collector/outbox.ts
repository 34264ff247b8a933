import type { Logger } from '../process/logger';

/** Puts events, as JSON, on the log. */
export type Deliver = (events: readonly string[]) => Promise<Delivery>;

export type Delivery =
  /** All but the rejected ones are durable. */
  | {
      readonly kind: 'delivered';
      readonly rejected: readonly { readonly reason: string; readonly detail: string }[];
    }
  /** None may be; they are sent again. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export interface Outbox {
  /** Whether there is room for more. Where the log is slow or away, nothing more is to be scraped. */
  hasRoom(): boolean;
  /** Takes the place of an event of the same key that is not sent yet: the latest sample is all that counts. */
  put(key: string, event: string): void;
  /** Whether the last delivery came through. */
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

/** Events are gathered that long, so that a request carries several. */
const GATHER_MS = 100;
const BATCH_CHARS = 4_000_000;
const HELD_CHARS = 64_000_000;
const RETRY_MS = { first: 1000, longest: 30_000 };

export function openOutbox({ deliver, logger, onDelivered }: OutboxOptions): Outbox {
  const pending = new Map<string, string>();
  let isClosing = false;
  let wake = (): void => undefined;
  let heldChars = 0;
  let failures = 0;
  let sending: Promise<void> | undefined;

  function put(key: string, event: string): void {
    heldChars += event.length - (pending.get(key)?.length ?? 0);
    pending.set(key, event);
    if (!isClosing) sending ??= sendAll();
  }

  function takeBatch(): [string, string][] {
    const batch: [string, string][] = [];
    let chars = 0;
    for (const entry of pending) {
      if (batch.length > 0 && chars + entry[1].length > BATCH_CHARS) break;
      chars += entry[1].length;
      batch.push(entry);
      pending.delete(entry[0]);
    }
    heldChars -= chars;
    return batch;
  }

  async function sendBatch(): Promise<void> {
    const batch = takeBatch();
    const delivery = await deliver(batch.map(([, event]) => event));
    if (delivery.kind === 'delivered') {
      if (failures > 0) logger.info({ failures }, 'the log takes events again');
      failures = 0;
      onDelivered(batch.length - delivery.rejected.length, delivery.rejected);
      return;
    }
    if (failures++ === 0) logger.warn({ detail: delivery.detail }, 'the log takes no events');
    // What was scraped in the meantime is newer.
    for (const [key, event] of batch) {
      if (pending.has(key)) continue;
      pending.set(key, event);
      heldChars += event.length;
    }
  }

  async function sendAll(): Promise<void> {
    await pause(GATHER_MS);
    while (pending.size > 0) {
      await sendBatch();
      if (isClosing) break;
      if (failures > 0) await pause(Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** (failures - 1)));
    }
    sending = undefined;
  }

  /** Ends early when the outbox closes. */
  async function pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    hasRoom: () => heldChars < HELD_CHARS,
    put,
    isUp: () => failures === 0,
    async close() {
      isClosing = true;
      wake();
      await sending;
      if (failures > 0) return;
      while (pending.size > 0 && failures === 0) await sendBatch();
    },
  };
}
