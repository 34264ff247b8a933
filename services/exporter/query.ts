import { parseTime } from '../../events/time';
import type { Format } from '../page/format';
import type { AskedPage } from './pages';

/** What a GET /metrics asks for, or why it can't be answered. */
export type Query =
  { readonly ok: true; readonly request: AskedPage } | { readonly ok: false; readonly detail: string };

/** More shards than this are a mistake, not a fleet. */
export const MAX_SHARDS = 1024;

/** A query as Koa has it. */
export type Given = Readonly<Record<string, string | string[] | undefined>>;

/** @param scope the projects that the client may see; null: all */
export function readQuery(
  query: Given,
  accept: string,
  scope: AskedPage['selection']['scope'] = null,
): Query {
  const at = only(query['at']);
  const atMs = at === undefined ? null : parseTime(at);
  if (at !== undefined && atMs === null) {
    return { ok: false, detail: `at: ${at.slice(0, 64)}, expected an RFC 3339 time` };
  }
  const shard = readShard(only(query['shard']), only(query['shards']));
  if (shard === undefined) {
    const detail = `shard and shards: expected whole numbers, 0 <= shard < shards <= ${String(MAX_SHARDS)}`;
    return { ok: false, detail };
  }
  const selection = { project: only(query['project']) ?? null, scope, shard };
  return { ok: true, request: { format: negotiate(accept), atMs, selection } };
}

/** Of a parameter that is given again and again, the last one counts. */
export function only(given: string | string[] | undefined): string | undefined {
  return Array.isArray(given) ? given.at(-1) : given;
}

function readShard(
  index: string | undefined,
  count: string | undefined,
): AskedPage['selection']['shard'] | undefined {
  if (index === undefined && count === undefined) return null;
  const shard = { index: wholeNumber(index), count: wholeNumber(count) };
  return shard.count <= MAX_SHARDS && shard.index < shard.count ? shard : undefined;
}

function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : NaN;
}

/**
 * Prometheus sends what it understands with weights; OpenMetrics is used only if it is preferred to plain
 * text by name (a bare `*∕*` gets text, as from every exporter).
 */
export function negotiate(accept: string): Format {
  let text = 0;
  let openmetrics = 0;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice(8);
    if (type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0')) {
      openmetrics = Math.max(openmetrics, q);
    }
    if (type === 'text/plain' || type === 'text/*' || type === '*/*') text = Math.max(text, q);
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'text';
}
