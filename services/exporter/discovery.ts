import type { Context } from 'koa';
import { refuse } from '../http/refusal';
import { MAX_SHARDS } from './query';

/**
 * `GET /v1/sd?shards=n`: a target a shard of the page, for Prometheus' `http_sd_configs`, at the public
 * address, or else at the one that was asked. The label `fleetmeter_shard` keeps the targets apart, so that
 * each has an `up` of its own; who scrapes drops it from the samples, which are of the same series whatever
 * shard they came in.
 */
export function answerDiscovery(ctx: Context, publicUrl: URL | undefined): void {
  const shards = String(ctx.query['shards'] ?? '1');
  const count = /^\d{1,4}$/.test(shards) ? Number(shards) : 0;
  if (count < 1 || count > MAX_SHARDS) {
    const detail = `shards: ${shards.slice(0, 32)}, expected a whole number from 1 to ${String(MAX_SHARDS)}`;
    refuse(ctx, { status: 400, reason: 'invalid_query', detail });
    return;
  }
  const { target, labels } = addressOf(publicUrl ?? new URL(`${ctx.protocol}://${ctx.host}`));
  ctx.body = Array.from({ length: count }, (_, index) => ({
    targets: [target],
    labels: {
      ...labels,
      __param_shard: String(index),
      __param_shards: String(count),
      fleetmeter_shard: String(index),
    },
  }));
}

/** What a scrape config takes for granted is not said: plain HTTP, and `/metrics`. */
function addressOf({ host, protocol, pathname }: URL): {
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
} {
  const prefix = pathname.replace(/\/+$/, '');
  return {
    target: host,
    labels: {
      ...(protocol === 'https:' ? { __scheme__: 'https' } : {}),
      ...(prefix === '' ? {} : { __metrics_path__: `${prefix}/metrics` }),
    },
  };
}
