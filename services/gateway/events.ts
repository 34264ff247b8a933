import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Context } from 'koa';
import type { RefusalReason } from '../../events/codec';
import { readBody } from '../http/body';
import type { Lease } from '../http/budget';
import type { HttpRefusal } from '../http/refusal';
import type { AppendRecord } from '../log/port';
import { candidatesOf, type Candidates } from './candidates';
import { contentModeOf } from './content';
import type { Gateway } from './gateway';
import { judge, type Rejection } from './judge';

/**
 * `POST /v1/events`: events in any of the modes of content.ts. 202 `{accepted, rejected}` once all that were accepted
 * are durable on the log; 400 where every one was rejected. Whoever gets another answer, or none, may send the same
 * again: an event that is on the log twice counts once.
 */
export async function takeEvents(ctx: Context, gateway: Gateway, lease: Lease): Promise<void> {
  const judged = await judgeRequest(ctx.req, gateway, lease);
  if (judged.kind === 'refused') {
    gateway.refuse(ctx, judged.refusal);
    return;
  }
  const { records, rejected, leftOut } = judged;
  const refusal = await gateway.append(records);
  if (refusal !== null) {
    gateway.refuse(ctx, refusal);
    return;
  }
  gateway.metrics.accepted(records.length);
  gateway.metrics.leftOut('gpu_field', leftOut);
  for (const [reason, events] of countReasons(rejected)) gateway.metrics.rejected(reason, events);
  const answer = { accepted: records.length, rejected };
  const [first] = rejected;
  if (records.length === 0 && first !== undefined) {
    const detail =
      rejected.length === 1 ? first.detail : `no event could be taken; the first: ${first.detail}`;
    gateway.refuse(ctx, { status: 400, reason: first.reason, detail }, answer);
    return;
  }
  ctx.status = 202;
  ctx.body = answer;
}

interface Judged {
  readonly kind: 'judged';
  readonly records: AppendRecord[];
  readonly rejected: Rejection[];
  /** Values of GPU fields. */
  readonly leftOut: number;
}
interface Refused {
  readonly kind: 'refused';
  readonly refusal: HttpRefusal;
}

/** Of the body only the records are left when this is done, and they are all that waits for the log. */
async function judgeRequest(req: IncomingMessage, gateway: Gateway, lease: Lease): Promise<Judged | Refused> {
  const mode = contentModeOf(req.headers);
  if (typeof mode !== 'string') return { kind: 'refused', refusal: mode };
  const body = await readBody(req, gateway.limits.bodyBytes, lease);
  if (body.kind === 'refused') return body;
  const read = candidatesOf(mode, req, body.bytes, gateway.limits.events);
  return read.kind === 'refused' ? read : judgeAll(read, gateway);
}

/** The loop is let go each time that so many events were judged, so that a large body doesn't hold up the others. */
const EVENTS_A_TURN = 500;

async function judgeAll(read: Exclude<Candidates, Refused>, gateway: Gateway): Promise<Judged> {
  const records: AppendRecord[] = [];
  if (read.kind === 'unreadable') {
    return { kind: 'judged', records, rejected: [{ index: 0, ...read.refusal }], leftOut: 0 };
  }
  const rejected: Rejection[] = [];
  let leftOut = 0;
  const rules = gateway.rules();
  for (const [count, candidate] of read.candidates.entries()) {
    if (count > 0 && count % EVENTS_A_TURN === 0) await nextTurn();
    const verdict = judge(candidate, rules);
    if (verdict.kind === 'rejected') rejected.push(verdict.rejection);
    else {
      records.push(verdict.record);
      leftOut += verdict.leftOut;
    }
  }
  return { kind: 'judged', records, rejected, leftOut };
}

function countReasons(rejected: readonly Rejection[]): ReadonlyMap<RefusalReason, number> {
  const counts = new Map<RefusalReason, number>();
  for (const { reason } of rejected) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return counts;
}
