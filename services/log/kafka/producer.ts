import type { Kafka, Message, Producer, TopicMessages } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppendRecord, AppendResult } from '../port';
import { errorMessage } from './client';
import type { Logger } from './client';
import { endOf, inTime } from './time';
import type { TopicNames } from './topics';

/** An append is answered within about twice this. */
const SEND_MS = 10_000;
const RETRY_MS = 250;
const LEAVE_MS = 5000;
/** How long a broker may wait for the others' copies. */
const ACK_MS = 4000;
/**
 * kafkajs makes one batch for each partition of a send, and brokers refuse batches beyond
 * `max.message.bytes`.
 */
const BATCH_BYTES = 900_000;
const SEND_BYTES = 8 * 1024 * 1024;
/** The most that may wait to be sent; more is refused, since it would only wait in memory. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** The overhead of a record: lengths, offsets, the header below. */
const RECORD_OVERHEAD_BYTES = 100;
/** Structured mode (CloudEvents Kafka binding, 3.3). */
const EVENT_HEADERS = { 'content-type': 'application/cloudevents+json' };

const ALL_IN_SYNC = -1;

export interface Appender {
  append(records: readonly AppendRecord[]): Promise<AppendResult>;
  /** Of the last send, if it failed; `atMs` on `performance.now()`'s clock. */
  lastFailure(): { readonly atMs: number; readonly detail: string } | null;
  /** Sends what is waiting, then refuses more. */
  close(): Promise<void>;
}

interface Waiting {
  readonly records: readonly AppendRecord[];
  readonly resolve: (result: AppendResult) => void;
  /** How many of the records were sent. */
  sent: number;
}

/**
 * Appends through one producer, one send at a time; what comes in meanwhile shares the next one. A send that
 * fails is repeated as a whole, through a new producer: records can be on the log twice, which readers must
 * cope with anyway, and none is acknowledged without being there.
 *
 * kafkajs 2.2.4 can do better only in name. Its idempotent producer reuses a failed send's sequence numbers
 * although the send may be on the log: the broker then takes the next send, of other records under those
 * numbers, for a repeat, and they are acknowledged and lost. And its retries skip a broker that has answered,
 * even for partitions that it has led only since: acknowledged, and never sent. So it is neither idempotent
 * nor allowed to retry by itself.
 */
export function openAppender(createKafka: () => Kafka, topics: TopicNames, logger: Logger): Appender {
  const sender = createSender(createKafka, logger);
  const queue: Queue = { sender, topics, waiting: [], waitingBytes: 0, sending: null, lastFailure: null };
  let closed = false;
  return {
    append(records) {
      if (closed) return Promise.resolve({ kind: 'unavailable', detail: 'the log is closed' });
      if (records.length === 0) return Promise.resolve({ kind: 'appended' });
      return enqueue(queue, records);
    },
    lastFailure: () => queue.lastFailure,
    async close() {
      closed = true;
      await queue.sending;
      await sender.close();
    },
  };
}

/** What is waiting for the next send. */
interface Queue {
  readonly sender: Sender;
  readonly topics: TopicNames;
  waiting: Waiting[];
  waitingBytes: number;
  /** Resolves when nothing is waiting any more; null if nothing is. */
  sending: Promise<void> | null;
  lastFailure: ReturnType<Appender['lastFailure']>;
}

function enqueue(queue: Queue, records: readonly AppendRecord[]): Promise<AppendResult> {
  const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
  if (queue.waitingBytes > 0 && queue.waitingBytes + bytes > MAX_WAITING_BYTES) {
    return Promise.resolve({ kind: 'unavailable', detail: 'Kafka is slower than what comes in' });
  }
  queue.waitingBytes += bytes;
  return new Promise((resolve) => {
    queue.waiting.push({ records, resolve, sent: 0 });
    // In the next turn of the event loop: what is appended in this one shares the first send.
    queue.sending ??= Promise.resolve().then(() => sendAll(queue));
  });
}

async function sendAll(queue: Queue): Promise<void> {
  while (queue.waiting.length > 0) {
    const send = nextSend(queue.waiting);
    const result = await queue.sender.send(send.messages(queue.topics));
    if (result.kind === 'unavailable') {
      queue.lastFailure = { atMs: performance.now(), detail: result.detail };
      // Everything waiting would meet the same fate, each after another time-out.
      for (const { resolve } of queue.waiting) resolve(result);
      queue.waiting = [];
      queue.waitingBytes = 0;
      break;
    }
    queue.lastFailure = null;
    queue.waitingBytes -= send.bytes;
    for (const { resolve } of send.done) resolve(result);
    queue.waiting = queue.waiting.slice(send.done.length);
  }
  queue.sending = null;
}

/** One send at a time, each tried for SEND_MS through a producer that is recreated after each failure. */
interface Sender {
  send(topicMessages: TopicMessages[]): Promise<AppendResult>;
  close(): Promise<void>;
}

function createSender(createKafka: () => Kafka, logger: Logger): Sender {
  let producer: Producer | null = null;

  function abandon(): void {
    void producer?.disconnect().catch(() => undefined);
    producer = null;
  }

  async function send(topicMessages: TopicMessages[]): Promise<AppendResult> {
    const deadlineMs = performance.now() + SEND_MS;
    let detail = '';
    for (let left = SEND_MS; left > 0; left = deadlineMs - performance.now()) {
      try {
        await inTime(left, async () => {
          const ready = (producer ??= createProducer(createKafka()));
          await ready.connect();
          await ready.sendBatch({ acks: ALL_IN_SYNC, timeout: ACK_MS, topicMessages });
        });
        return { kind: 'appended' };
      } catch (error) {
        if (detail === '') logger.warn({ error: errorMessage(error) }, 'kafka: append failed, trying again');
        detail = `Kafka took no records: ${errorMessage(error)}`;
        abandon();
        await sleep(Math.min(RETRY_MS, Math.max(0, deadlineMs - performance.now())));
      }
    }
    return { kind: 'unavailable', detail };
  }

  return { send, close: () => endOf(LEAVE_MS, async () => producer?.disconnect()) };
}

function createProducer(kafka: Kafka): Producer {
  return kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: () => partitionOfMessage,
    retry: { retries: 0 },
  });
}

interface Send {
  readonly bytes: number;
  /** How many, from the first on, have then been sent completely. */
  readonly done: readonly Waiting[];
  messages(topics: TopicNames): TopicMessages[];
}

/** As much of what is waiting, in order, as one send may carry, but at least one record. */
function nextSend(waiting: readonly Waiting[]): Send {
  const chosen: AppendRecord[] = [];
  const batchBytes = new Map<string, number>();
  const done: Waiting[] = [];
  let bytes = 0;
  for (const entry of waiting) {
    const from = entry.sent;
    for (const record of entry.records.slice(from)) {
      const size = sizeOf(record);
      const batch = `${record.topic}/${record.partition}`;
      const inBatch = batchBytes.get(batch) ?? 0;
      if (chosen.length > 0 && bytes + size > SEND_BYTES) break;
      if (inBatch > 0 && inBatch + size > BATCH_BYTES) break;
      chosen.push(record);
      batchBytes.set(batch, inBatch + size);
      bytes += size;
      entry.sent++;
    }
    if (entry.sent < entry.records.length) break;
    done.push(entry);
  }
  return { bytes, done, messages: (topics) => messagesOf(chosen, topics) };
}

function messagesOf(records: readonly AppendRecord[], topics: TopicNames): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const { topic, partition, key, value } of records) {
    const message: Message = { key, value, partition };
    if (topic !== 'dead-letter') message.headers = EVENT_HEADERS;
    const messages = byTopic.get(topics[topic]);
    if (messages) messages.push(message);
    else byTopic.set(topics[topic], [message]);
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}

function sizeOf({ key, value }: AppendRecord): number {
  return value.length + Buffer.byteLength(key) + RECORD_OVERHEAD_BYTES;
}

/**
 * The caller has chosen; kafkajs' partitioner would choose differently for keys that it hashes differently.
 */
function partitionOfMessage({ message }: { message: Message }): number {
  if (message.partition === undefined) throw new Error('a message without a partition');
  return message.partition;
}
