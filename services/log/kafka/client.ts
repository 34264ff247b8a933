import { Kafka, logLevel } from 'kafkajs';
import type { KafkaConfig, LogEntry, RetryOptions, SASLOptions } from 'kafkajs';
import type { ConnectionOptions } from 'node:tls';
import { quietRequestQueues } from './request-queue';

/** Where to log about the connection; a pino logger will do. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface KafkaConnection {
  /** host:port of some of the brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  /** true: TLS with the system's certificate authorities. */
  readonly ssl?: boolean | ConnectionOptions;
  readonly logger: Logger;
}

const CONNECTION_TIMEOUT_MS = 1500;

/** Few and short: starting over finds a new coordinator sooner than asking a dead one again. */
export const FEW_RETRIES = {
  retries: 3,
  initialRetryTime: 100,
  maxRetryTime: 500,
  factor: 0.2,
  multiplier: 2,
} satisfies RetryOptions;

/**
 * Makes kafkajs clients, each with the next broker first. Whoever has trouble makes a new one: kafkajs never
 * recovers from a broker that accepts connections and answers nothing, neither as the first one that it asks
 * nor ("Broker not connected") once it works again. For the same reason they don't retry by themselves.
 * `requestTimeoutMs`: longest wait for an answer.
 */
export function openClients(connection: KafkaConnection, requestTimeoutMs: number): () => Kafka {
  quietRequestQueues();
  let turn = 0;
  return () => {
    const { brokers, clientId, sasl, ssl, logger } = connection;
    const first = turn++ % brokers.length;
    const config: KafkaConfig = {
      brokers: [...brokers.slice(first), ...brokers.slice(0, first)],
      clientId,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs,
      retry: { retries: 0 },
      logLevel: logLevel.WARN,
      logCreator: () => (entry) => write(logger, entry),
    };
    if (sasl) config.sasl = saslOptions(sasl);
    if (ssl !== undefined) config.ssl = ssl;
    return new Kafka(config);
  };
}

/** Written out, since kafkajs' type is a union over the mechanism. */
function saslOptions({ mechanism, username, password }: NonNullable<KafkaConnection['sasl']>): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
    default:
      return mechanism satisfies never;
  }
}

/**
 * What kafkajs logs as an error is each attempt at something we retry; what matters is logged where it is
 * handled.
 */
function write(logger: Logger, { namespace, log }: LogEntry): void {
  const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = log;
  logger.debug(fields, `kafkajs ${namespace}: ${message}`);
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
