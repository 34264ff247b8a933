import type { Context } from 'koa';
import { decodeEvent } from '../../events/codec';
import type { ExpositionFormat } from '../exposition/page';
import { EXPORTER_NAME, pageEventOf } from '../exposition/page-event';
import type { PageSummary } from '../exposition/page-event';
import { scopeOf } from '../http/access';
import { readBody } from '../http/body';
import type { Lease } from '../http/budget';
import type { HttpRefusal } from '../http/refusal';
import type { AppendRecord } from '../log/port';
import { parseMediaType } from './content';
import type { Gateway } from './gateway';
import { recordOf } from './judge';
import { targetOf } from './target';

/** The CloudEvents `source` of samples that came as an exporter's page. */
const PAGE_SOURCE = '/fleetmeter/gateway';

/**
 * `POST /v1/telemetry/EXPORTER?job=&run=` or `?instance=`: an exporter's text page, as a `gpu.sampled` event
 * of the moment when the request came. 202 `{accepted: 1, …}` (see PageSummary) once it is durable on the
 * log; 400 if the parameters are wrong or no line could be read, 413 if the page doesn't fit into an event.
 * For the exporter `dcgm` only the configured fields are taken, for others all. Resolves to how many more
 * events were refused than taken.
 */
export async function takePage(
  ctx: Context,
  exporter: string,
  gateway: Gateway,
  lease: Lease,
): Promise<number> {
  const sample = await sampleOfRequest(ctx, exporter, gateway, lease);
  if (sample.kind === 'refused') {
    gateway.refuse(ctx, sample.refusal, sample.lines);
    return 1;
  }
  const refusal = await gateway.append(ctx, [sample.record]);
  if (refusal !== null) {
    gateway.refuse(ctx, refusal);
    return 0;
  }
  const { summary } = sample;
  gateway.metrics.accepted(1);
  countLeftOut(gateway, exporter, summary);
  ctx.status = 202;
  ctx.body = { accepted: 1, ...summary };
  return 0;
}

type PageSample =
  | { readonly kind: 'sample'; readonly record: AppendRecord; readonly summary: PageSummary }
  | { readonly kind: 'refused'; readonly refusal: HttpRefusal; readonly lines?: Partial<PageSummary> };

async function sampleOfRequest(
  ctx: Context,
  exporter: string,
  gateway: Gateway,
  lease: Lease,
): Promise<PageSample> {
  if (!EXPORTER_NAME.test(exporter)) return { kind: 'refused', refusal: WRONG_EXPORTER };
  const target = targetOf(ctx.querystring);
  if (target.kind === 'refused') return target;
  const format = formatOf(ctx.req.headers['content-type']);
  if (format === null) return { kind: 'refused', refusal: UNSUPPORTED };
  // Before the body is read: values that took long to arrive are not newer than that.
  const { nowMs, gpuFields, partitions } = gateway.rules();
  const body = await readBody(ctx.req, gateway.limits.bodyBytes, lease);
  if (body.kind === 'refused') return body;
  const origin = { format, target: target.target, exporter, source: PAGE_SOURCE, timeMs: nowMs };
  const page = pageEventOf(body.bytes, origin, gpuFields);
  if (page.kind === 'refused') {
    const { reason, detail, lines } = page;
    return {
      kind: 'refused',
      refusal: { status: reason === 'too_large' ? 413 : 400, reason, detail },
      lines,
    };
  }
  const value = Buffer.from(page.json);
  const decoded = decodeEvent(value);
  if (!decoded.ok) return { kind: 'refused', refusal: { status: 400, ...decoded.refusal } };
  const scope = scopeOf(ctx);
  const [detail] = scope === null ? [] : await gateway.ownership.refusals([decoded.event], scope);
  if (detail !== undefined)
    return { kind: 'refused', refusal: { status: 403, reason: 'other_project', detail } };
  return { kind: 'sample', record: recordOf(decoded.event, value, partitions), summary: page.summary };
}

function countLeftOut({ metrics, seldom }: Gateway, exporter: string, summary: PageSummary): void {
  const { left_out: leftOut, refused, refused_lines: refusedLines } = summary;
  metrics.leftOut('gpu_field', leftOut.gpu_field);
  metrics.leftOut('not_a_number', leftOut.not_a_number);
  metrics.leftOut('reserved_name', leftOut.reserved_name);
  metrics.leftOut('composite', leftOut.composite);
  metrics.leftOut('limit', leftOut.limit);
  metrics.leftOut('bad_line', refusedLines - leftOut.limit);
  if (leftOut.limit === 0) return;
  seldom.warn(
    { exporter, series: leftOut.limit, first: refused[0] },
    'a page is above the limits, the rest of it was left out',
  );
}

/**
 * curl and Python's urllib declare any body a form unless told otherwise; no form is expected here, so it is
 * a page.
 */
const FORMATS: ReadonlyMap<string, ExpositionFormat> = new Map([
  ['text/plain', 'text'],
  ['application/x-www-form-urlencoded', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
]);

function formatOf(contentType: string | undefined): ExpositionFormat | null {
  if (contentType === undefined) return 'text';
  return FORMATS.get(parseMediaType(contentType).mediaType) ?? null;
}

const WRONG_EXPORTER: HttpRefusal = {
  status: 400,
  reason: 'invalid_parameters',
  detail: 'exporter: expected a name such as dcgm, of 1 to 64 letters, digits, "_", "." and "-"',
};
const UNSUPPORTED: HttpRefusal = {
  status: 415,
  reason: 'unsupported_content_type',
  detail: 'content-type: expected text/plain or application/openmetrics-text',
};
