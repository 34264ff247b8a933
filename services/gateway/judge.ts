import { MAX_EVENT_BYTES, decodeEvent, decodeParsed } from '../../events/codec';
import type { Decoded, RefusalReason } from '../../events/codec';
import type { FleetEvent } from '../../events/event';
import { partitionOf, routeOf } from '../../events/routing';
import { FUTURE_MS, formatTime } from '../../events/time';
import { keepGpuFields } from '../exposition/gpu-fields';
import type { GpuFields } from '../exposition/gpu-fields';
import type { AppendRecord } from '../log/port';
import { parseJson, tooLarge } from './json';

/** One event of a request: its JSON, or what was parsed from it. */
export type Candidate =
  { readonly index: number; readonly bytes: Buffer } | { readonly index: number; readonly value: unknown };

export type Verdict =
  | {
      readonly kind: 'accepted';
      readonly event: FleetEvent;
      readonly record: AppendRecord;
      readonly leftOut: number;
    }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

export interface Rejection {
  /** Its place in the request: its position in a batch, its line in NDJSON, from 0. */
  readonly index: number;
  /** The event's id, if it could be read. */
  readonly id?: string;
  readonly reason: RejectionReason;
  readonly detail: string;
}

/** `other_project`: the token is for other projects. */
export type RejectionReason = RefusalReason | 'other_project';

export interface Rules {
  readonly partitions: number;
  readonly gpuFields: GpuFields;
  readonly nowMs: number;
}

/**
 * Judges one event as it comes in, as far as possible without knowing what else is on the log: so for all
 * reasons but `too_late`, which is up to the fold. The record's value is the event's JSON as sent; it is
 * rewritten only if it came parsed or if GPU fields are left out.
 */
export function judge(candidate: Candidate, rules: Rules): Verdict {
  const decoded = decode(candidate);
  if (!decoded.ok) return reject(candidate, decoded.refusal);
  const { event } = decoded;
  if (event.timeMs > rules.nowMs + FUTURE_MS) {
    const detail = `time: ${formatTime(event.timeMs)}, expected at most ${FUTURE_MS / 1000} s after ${formatTime(rules.nowMs)}`;
    return reject(candidate, { reason: 'from_the_future', detail });
  }
  const { value, leftOut } = valueOf(candidate, event, rules.gpuFields);
  if (value.length > MAX_EVENT_BYTES) return reject(candidate, tooLarge(value.length));
  return { kind: 'accepted', event, record: recordOf(event, value, rules.partitions), leftOut };
}

export function reject(
  candidate: Candidate,
  refusal: Pick<Rejection, 'reason' | 'detail'>,
): Extract<Verdict, { kind: 'rejected' }> {
  // What is not JSON has no id, and finding that out again would cost as much as the first time.
  const { id } = refusal.reason === 'invalid_json' ? {} : membersOf(candidate);
  const known = typeof id === 'string' && id.length <= MAX_ID_SHOWN ? { id } : {};
  return { kind: 'rejected', rejection: { index: candidate.index, ...known, ...refusal } };
}

/** An answer must not be filled with texts that are no ids. */
const MAX_ID_SHOWN = 1024;

/** The place of an event on the log. */
export function recordOf(event: FleetEvent, value: Buffer, partitions: number): AppendRecord {
  const { topic, key } = routeOf(event);
  return { topic, key, partition: partitionOf(key, partitions), value };
}

function decode(candidate: Candidate): Decoded {
  return 'bytes' in candidate ? decodeEvent(candidate.bytes) : decodeParsed(candidate.value);
}

function valueOf(
  candidate: Candidate,
  event: FleetEvent,
  fields: GpuFields,
): { value: Buffer; leftOut: number } {
  if (event.type === 'fleetmeter.gpu.sampled.v1') {
    const { data, leftOut } = keepGpuFields(event.data, fields);
    if (leftOut > 0)
      return {
        value: Buffer.from(JSON.stringify({ ...membersOf(candidate), ...WITHOUT_BASE64, data })),
        leftOut,
      };
  }
  const value = 'bytes' in candidate ? candidate.bytes : Buffer.from(JSON.stringify(candidate.value));
  return { value, leftOut: 0 };
}

/** If data was in base64, what is left of it takes its place. */
const WITHOUT_BASE64 = { data_base64: undefined };

/** The event's members, even unknown ones; none if it is not an object, or too large or broken to be read. */
function membersOf(candidate: Candidate): { id?: unknown } {
  const value = 'bytes' in candidate ? readAgain(candidate.bytes) : candidate.value;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

function readAgain(bytes: Buffer): unknown {
  if (bytes.length > MAX_EVENT_BYTES) return undefined;
  const json = parseJson(bytes, 0);
  return json.kind === 'json' ? json.value : undefined;
}
