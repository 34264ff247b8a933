import { setTimeout as delay } from 'node:timers/promises';
import { decodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import type { AppendRecord, EventLog } from '../log/port';
import { openLogger } from '../process/logger';
import { openLog } from './compose';
import { CommandError, EXIT } from './exit';
import { openServerClient } from './server-client';
import type { Settings } from './settings';

/** Where commands put events: the gateway running here, or Kafka if brokers are set. */
export interface Sink {
  /** Events as JSON. Resolves when those that were taken are durable on the log. */
  send(events: readonly string[]): Promise<Sent>;
  close(): Promise<void>;
}

export interface Sent {
  readonly accepted: number;
  readonly rejected: readonly Rejected[];
}

export interface Rejected {
  /** Of the events sent. */
  readonly index: number;
  readonly reason: string;
  readonly detail: string;
}

/** What became of events that are sent again until they are on the log. */
export type Delivery =
  | { readonly kind: 'delivered'; readonly rejected: readonly Rejected[] }
  | { readonly kind: 'unavailable'; readonly detail: string };

/**
 * If the log is away, or refuses everything, it is retried: what runs for ever must outlive a restart of what
 * it sends to.
 */
export function deliverTo(sink: Sink): (events: readonly string[]) => Promise<Delivery> {
  return async (events) => {
    try {
      const { rejected } = await sink.send(events);
      return { kind: 'delivered', rejected };
    } catch (error) {
      if (error instanceof CommandError) return { kind: 'unavailable', detail: error.message };
      throw error;
    }
  };
}

export async function openSink(settings: Settings): Promise<Sink> {
  if (settings.kafka === undefined) return openHttpSink(settings);
  return openLogSink(await openLog(settings, openLogger('warn')));
}

function openLogSink(log: EventLog): Sink {
  return {
    async send(events) {
      const rejected: Rejected[] = [];
      const records: AppendRecord[] = [];
      for (const [index, text] of events.entries()) {
        const value = Buffer.from(text);
        const decoded = decodeEvent(value);
        if (!decoded.ok) {
          rejected.push({ index, ...decoded.refusal });
          continue;
        }
        const { topic, key } = routeOf(decoded.event);
        records.push({ topic, key, partition: partitionOf(key, log.partitions), value });
      }
      const result = await log.append(records);
      if (result.kind === 'unavailable') throw new CommandError(EXIT.away, `Kafka is away: ${result.detail}`);
      return { accepted: records.length, rejected };
    },
    close: () => log.close(),
  };
}

/** How often to retry a gateway that says "not now", and how long to wait if it doesn't say. */
const ATTEMPTS = 20;
const RETRY_SECONDS = 1;

function openHttpSink(settings: Settings): Sink {
  const { ingestToken } = settings;
  const client = openServerClient(settings, 'start one with "npm start", or set FLEETMETER_KAFKA_BROKERS');
  const headers = {
    'content-type': 'application/x-ndjson',
    ...(ingestToken === undefined ? {} : { authorization: `Bearer ${ingestToken}` }),
  };
  return {
    async send(events) {
      const body = events.join('\n');
      for (let attempt = 1; ; attempt++) {
        const answer = await client.ask(PATH, headers, body);
        const text = answer.body.toString();
        if (answer.status === 202 || answer.status === 400) return readSent(text);
        const isBusy = answer.status === 429 || answer.status === 503;
        if (!isBusy || attempt === ATTEMPTS) {
          const said = `${client.url}${PATH} answered ${String(answer.status)}: ${text.trim().slice(0, 300)}`;
          throw new CommandError(isBusy ? EXIT.away : EXIT.no, said);
        }
        await delay(Number(answer.headers['retry-after'] ?? RETRY_SECONDS) * 1000);
      }
    },
    close() {
      client.close();
      return Promise.resolve();
    },
  };
}

const PATH = '/v1/events';

function readSent(text: string): Sent {
  const answer = jsonOf(text);
  if (typeof answer !== 'object' || answer === null)
    throw new CommandError(EXIT.no, `what answers is not a gateway: ${text.trim().slice(0, 300)}`);
  const accepted = 'accepted' in answer && typeof answer.accepted === 'number' ? answer.accepted : 0;
  const rejected =
    'rejected' in answer && Array.isArray(answer.rejected) ? answer.rejected.flatMap(readRejected) : [];
  return { accepted, rejected };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readRejected(item: unknown): Rejected[] {
  if (typeof item !== 'object' || item === null || !('index' in item) || typeof item.index !== 'number')
    return [];
  const reason = 'reason' in item ? String(item.reason) : 'unknown';
  return [{ index: item.index, reason, detail: 'detail' in item ? String(item.detail) : '' }];
}
