import type { Context } from 'koa';
import { refuse } from '../http/refusal';
import { MAX_SHARDS } from './query';

/**
 * `GET /v1/sd?shards=n`: a target for each shard of the page, for Prometheus' `http_sd_configs`, at the
 * public address or the one that was asked. The label `fleetmeter_shard` distinguishes the targets, so that
 * each has its own `up`; the scrape config drops it from the samples, which are of the same series whatever
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

/** A scrape config's defaults are left out: plain HTTP, and `/metrics`. */
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
