import type { Context } from 'koa';
import type { Logger } from 'pino';
import type { GpuFields } from '../exposition/gpu-fields';
import type { Access } from '../http/access';
import { correlationOf } from '../http/correlation';
import { refuse } from '../http/refusal';
import type { HttpRefusal } from '../http/refusal';
import type { AppendRecord, EventLog } from '../log/port';
import { openSeldom } from '../process/rare-warning';
import type { Seldom } from '../process/rare-warning';
import type { Rules } from './judge';
import { DEFAULT_LIMITS } from './limits';
import type { GatewayLimits } from './limits';
import type { GatewayMetrics } from './metrics';
import { openOwnership } from './ownership';
import type { CommittedProjects, Ownership } from './ownership';

export interface GatewayDeps {
  readonly log: Pick<EventLog, 'append' | 'partitions'>;
  readonly access: Access;
  /** Which projects events belong to, for tokens that are only for some projects. */
  readonly committedProjects: CommittedProjects;
  readonly gpuFields: GpuFields;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly limits?: Partial<GatewayLimits>;
}

/** What the gateway's endpoints share. */
export interface Gateway {
  readonly limits: GatewayLimits;
  readonly metrics: GatewayMetrics;
  readonly seldom: Seldom;
  readonly ownership: Ownership;
  /** The clock that events are judged by. */
  rules(): Rules;
  /** Puts records on the log; null when they are durable. */
  append(ctx: Context, records: readonly AppendRecord[]): Promise<HttpRefusal | null>;
  /** Answers with a refusal, and counts it. */
  readonly refuse: (ctx: Context, refusal: HttpRefusal, more?: Readonly<Record<string, unknown>>) => void;
}

export function gatewayOf(deps: GatewayDeps): Gateway {
  const { log, gpuFields, logger, metrics, now, limits, committedProjects } = deps;
  return {
    ownership: openOwnership(committedProjects),
    limits: { ...DEFAULT_LIMITS, ...limits },
    metrics,
    seldom: openSeldom(logger, now),
    rules: () => ({ partitions: log.partitions, gpuFields, nowMs: now() }),
    async append(ctx, records) {
      if (records.length === 0) return null;
      const result = await log.append(records);
      switch (result.kind) {
        case 'appended':
          return null;
        case 'unavailable':
          logger.warn(
            { ...correlationOf(ctx), detail: result.detail, records: records.length },
            'the log took no events',
          );
          return LOG_UNAVAILABLE;
        default:
          return result satisfies never;
      }
    },
    refuse(ctx, refusal, more) {
      metrics.refused(refusal.status, refusal.reason);
      refuse(ctx, refusal, more);
    },
  };
}

const LOG_UNAVAILABLE: HttpRefusal = {
  status: 503,
  reason: 'log_unavailable',
  detail: 'the log takes no events right now; send all of them again, those that it took will count once',
  headers: { 'retry-after': '2' },
};
