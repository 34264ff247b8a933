import { utf8Of } from './encoding';
import { declarationOf, EVENT_TYPES } from './event';
import type { Envelope, FleetEvent } from './event';
import { isLabel } from './fields';
import { MAX_LEVELS, nestsTooDeep } from './nesting';
import { complaint, explainData } from './refusal';
import type { Refusal, RefusalReason } from './refusal';
import { routeOf, subjectOf } from './routing';
import { formatTime, parseTime } from './time';

export type { Refusal, RefusalReason } from './refusal';

/** The most bytes that one event may have as JSON. */
export const MAX_EVENT_BYTES = 1_000_000;

export type Decoded = { readonly ok: true; readonly event: FleetEvent } | Refused;
interface Refused {
  readonly ok: false;
  readonly refusal: Refusal;
}

/** Data as bytes: a member of the JSON format, no attribute. */
const BASE64 = 'data_base64';
const BASE64_TEXT = /^[A-Za-z0-9+/]*={0,2}$/;
/** No attribute may have them (CloudEvents 1.0, type system). */
const CONTROLS = /\p{Cc}/u;
const NOT_DEEPER = `at most ${MAX_LEVELS} levels`;
const TIME = 'an RFC 3339 time with up to 9 fraction digits';
const TYPES = `one of the ${EVENT_TYPES.length} types, ${String(EVENT_TYPES[0])} among them`;

/**
 * Reads one event: CloudEvents 1.0 in structured mode, JSON format. Never throws: an event that can't be
 * taken is answered with the first reason that applies, in the order too_large, invalid_json,
 * invalid_envelope, unknown_type, invalid_data.
 *
 * If a member occurs twice, the last one counts; bytes that aren't UTF-8 count as U+FFFD; a byte order mark
 * or nesting deeper than 500 levels is invalid_json. Unknown members of `data` stay in it.
 */
export function decodeEvent(bytes: Buffer): Decoded {
  if (bytes.length > MAX_EVENT_BYTES) {
    return refuse('too_large', `event: ${bytes.length} bytes, expected at most ${MAX_EVENT_BYTES}`);
  }
  const text = bytes.toString();
  if (nestsTooDeep(bytes)) return tooDeep();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse('invalid_json', complaint('event', text, `JSON (${String(error)})`));
  }
  return decodeParsed(value);
}

/**
 * Like decodeEvent(), for JSON that has already been parsed (one event of a batch); checking its size and
 * nesting is up to the caller.
 */
export function decodeParsed(value: unknown): Decoded {
  if (!isObject(value)) return refuse('invalid_envelope', complaint('event', value, 'an object'));
  const { specversion, id, source, type, sequence, recordedtime } = value;
  if (specversion !== '1.0') return wrongAttribute(value, 'specversion', '"1.0"');
  if (typeof id !== 'string' || id === '') return wrongAttribute(value, 'id', 'a text that is not empty');
  if (CONTROLS.test(id)) return wrongAttribute(value, 'id', 'no control characters in it');
  if (!isLabel(source) || source === '')
    return wrongAttribute(value, 'source', 'a text of 1 to 1024 bytes of UTF-8');
  if (CONTROLS.test(source)) return wrongAttribute(value, 'source', 'no control characters in it');
  if (typeof type !== 'string') return wrongAttribute(value, 'type', 'a text');
  const timeMs = typeof value['time'] === 'string' ? parseTime(value['time']) : null;
  if (timeMs === null) return wrongAttribute(value, 'time', TIME);

  const envelope: { -readonly [K in keyof Envelope]: Envelope[K] } = { id, source, timeMs };
  if (sequence !== undefined && sequence !== null) {
    if (typeof sequence !== 'string') return wrongAttribute(value, 'sequence', 'a text');
    envelope.sequence = sequence;
  }
  if (recordedtime !== undefined && recordedtime !== null) {
    const recordedTimeMs = typeof recordedtime === 'string' ? parseTime(recordedtime) : null;
    if (recordedTimeMs === null) return wrongAttribute(value, 'recordedtime', TIME);
    envelope.recordedTimeMs = recordedTimeMs;
  }

  const wrong = wrongMember(value);
  if (wrong !== undefined) return wrong;

  const declaration = declarationOf(type);
  if (declaration === undefined) return refuse('unknown_type', complaint('type', type, TYPES));
  const read = readData(value);
  if (!read.ok) return read;
  const { data } = read;
  const event = declaration.accept(envelope, data);
  if (event === null) return refuse('invalid_data', explainData(declaration.meant(data), data));
  return { ok: true, event };
}

/**
 * An attribute is a text, a number or a boolean; null counts as absent. There may be one form of data only.
 */
function wrongMember(value: Record<string, unknown>): Refused | undefined {
  for (const name in value) {
    const member = value[name];
    if (typeof member === 'object' && member !== null && name !== 'data')
      return wrongAttribute(value, name, 'a text, a number or a boolean');
  }
  const base64 = value[BASE64];
  if (isAbsent(base64)) return undefined;
  if (typeof base64 !== 'string') return wrongAttribute(value, BASE64, 'a text');
  return isAbsent(value['data']) ? undefined : wrongAttribute(value, BASE64, 'it or data, not both');
}

type DataRead = { readonly ok: true; readonly data: unknown } | Refused;

/**
 * Data as it stands, or as bytes in base64 (CloudEvents JSON format 1.0, 3.1). Whatever `datacontenttype`
 * says, the bytes are JSON, since the data of each of our types is.
 */
function readData(value: Record<string, unknown>): DataRead {
  const base64 = value[BASE64];
  if (typeof base64 !== 'string') return { ok: true, data: value['data'] };
  const isBase64 = base64.length % 4 === 0 && BASE64_TEXT.test(base64);
  const utf8 = isBase64 ? utf8Of(Buffer.from(base64, 'base64')) : undefined;
  if (utf8?.kind !== 'utf-8') return wrongBytes(base64, 'RFC 4648');
  if (nestsTooDeep(utf8.bytes, -1)) return wrongBytes(base64, NOT_DEEPER);
  try {
    const data: unknown = JSON.parse(utf8.bytes.toString());
    return { ok: true, data };
  } catch (error) {
    return wrongBytes(base64, String(error));
  }
}

function wrongBytes(base64: string, why: string): Refused {
  return refuse('invalid_data', complaint(BASE64, base64, `JSON in base64 (${why})`));
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(reason: RefusalReason, detail: string): Refused {
  return { ok: false, refusal: { reason, detail } };
}

function wrongAttribute(envelope: Record<string, unknown>, name: string, expected: string): Refused {
  return refuse('invalid_envelope', complaint(name, envelope[name], expected));
}

function tooDeep(): Refused {
  return refuse('invalid_json', `event: nested too deep, expected ${NOT_DEEPER}`);
}

/**
 * Writes an event as CloudEvents 1.0 in structured mode, JSON format; decodeEvent() reads the same event from
 * it.
 */
export function encodeEvent(event: FleetEvent): string {
  return JSON.stringify({
    specversion: '1.0',
    id: event.id,
    source: event.source,
    type: event.type,
    time: formatTime(event.timeMs),
    subject: subjectOf(event),
    partitionkey: routeOf(event).key,
    sequence: event.sequence,
    recordedtime: event.recordedTimeMs === undefined ? undefined : formatTime(event.recordedTimeMs),
    data: event.data,
  });
}
