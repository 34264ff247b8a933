import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Context } from 'koa';
import { readBody } from '../http/body';
import type { Lease } from '../http/budget';
import { scopeOf } from '../http/access';
import type { Scope } from '../http/access';
import type { HttpRefusal } from '../http/refusal';
import type { AppendRecord } from '../log/port';
import { candidatesOf } from './candidates';
import type { Candidates } from './candidates';
import { contentModeOf } from './content';
import type { Gateway } from './gateway';
import { judge, reject } from './judge';
import type { Candidate, Rejection, RejectionReason, Verdict } from './judge';

/**
 * `POST /v1/events`: events in any of the modes of content.ts. 202 `{accepted, rejected}` once all that were
 * accepted are durable on the log; 400 if every one was rejected. Whoever gets another answer, or none, may
 * send the same again: an event that is on the log twice counts once. Resolves to how many more were refused
 * than taken.
 */
export async function takeEvents(ctx: Context, gateway: Gateway, lease: Lease): Promise<number> {
  const judged = await judgeRequest(ctx, gateway, lease);
  if (judged.kind === 'refused') {
    gateway.refuse(ctx, judged.refusal);
    return 1;
  }
  const { records, rejected, leftOut } = judged;
  const refusal = await gateway.append(ctx, records);
  if (refusal !== null) {
    gateway.refuse(ctx, refusal);
    return 0;
  }
  gateway.metrics.accepted(records.length);
  gateway.metrics.leftOut('gpu_field', leftOut);
  for (const [reason, events] of countReasons(rejected)) gateway.metrics.rejected(reason, events);
  const answer = { accepted: records.length, rejected };
  const [first] = rejected;
  if (records.length === 0 && first !== undefined) {
    const detail =
      rejected.length === 1 ? first.detail : `no event could be taken; the first: ${first.detail}`;
    const status = rejected.every(({ reason }) => reason === 'other_project') ? 403 : 400;
    gateway.refuse(ctx, { status, reason: first.reason, detail }, answer);
  } else {
    ctx.status = 202;
    ctx.body = answer;
  }
  return Math.max(0, rejected.length - records.length);
}

interface Judged {
  readonly kind: 'judged';
  readonly records: AppendRecord[];
  readonly rejected: Rejection[];
  /** Values of GPU fields. */
  leftOut: number;
}
interface Refused {
  readonly kind: 'refused';
  readonly refusal: HttpRefusal;
}

/** When this is done, only the records are left of the body, and only they wait for the log. */
async function judgeRequest(ctx: Context, gateway: Gateway, lease: Lease): Promise<Judged | Refused> {
  const { req } = ctx;
  const mode = contentModeOf(req.headers);
  if (typeof mode !== 'string') return { kind: 'refused', refusal: mode };
  const body = await readBody(req, gateway.limits.bodyBytes, lease);
  if (body.kind === 'refused') return body;
  const read = candidatesOf(mode, req, body.bytes, gateway.limits.events);
  return read.kind === 'refused' ? read : judgeAll(read, gateway, scopeOf(ctx));
}

/**
 * Yields to the event loop each time this many events have been judged, so that a large body doesn't hold up
 * the others.
 */
const EVENTS_A_TURN = 100;

async function judgeAll(read: Exclude<Candidates, Refused>, gateway: Gateway, scope: Scope): Promise<Judged> {
  if (read.kind === 'unreadable') {
    return { kind: 'judged', records: [], rejected: [{ index: 0, ...read.refusal }], leftOut: 0 };
  }
  const verdicts: { readonly candidate: Candidate; readonly verdict: Verdict }[] = [];
  const rules = gateway.rules();
  for (const [count, candidate] of read.candidates.entries()) {
    if (count > 0 && count % EVENTS_A_TURN === 0) await nextTurn();
    verdicts.push({ candidate, verdict: judge(candidate, rules) });
  }
  const judged: Judged = { kind: 'judged', records: [], rejected: [], leftOut: 0 };
  for (const verdict of scope === null
    ? verdicts.map((one) => one.verdict)
    : await inScope(verdicts, gateway, scope)) {
    if (verdict.kind === 'rejected') judged.rejected.push(verdict.rejection);
    else {
      judged.records.push(verdict.record);
      judged.leftOut += verdict.leftOut;
    }
  }
  return judged;
}

/** What was accepted is rejected if the token is for other projects. */
async function inScope(
  verdicts: readonly { readonly candidate: Candidate; readonly verdict: Verdict }[],
  gateway: Gateway,
  scope: NonNullable<Scope>,
): Promise<Verdict[]> {
  const accepted = verdicts.flatMap(({ verdict }) => (verdict.kind === 'accepted' ? [verdict.event] : []));
  const refusals = (await gateway.ownership.refusals(accepted, scope)).values();
  return verdicts.map(({ candidate, verdict }) => {
    const detail = verdict.kind === 'accepted' ? refusals.next().value : undefined;
    return detail === undefined ? verdict : reject(candidate, { reason: 'other_project', detail });
  });
}

function countReasons(rejected: readonly Rejection[]): ReadonlyMap<RejectionReason, number> {
  const counts = new Map<RejectionReason, number>();
  for (const { reason } of rejected) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return counts;
}
