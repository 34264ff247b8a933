import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../events/codec';
import { utf8Of } from '../../events/encoding';
import type { HttpRefusal } from '../http/refusal';
import { binaryEventOf } from './binary';
import type { ContentMode } from './content';
import type { Candidate } from './judge';
import { parseJson } from './json';

export type Candidates =
  | { readonly kind: 'candidates'; readonly candidates: readonly Candidate[] }
  /** Nothing of the body could be read, all for the same reason. */
  | { readonly kind: 'unreadable'; readonly refusal: Refusal }
  | { readonly kind: 'refused'; readonly refusal: HttpRefusal };

/** Splits a body into events that are still to be judged. A leading byte order mark is skipped. */
export function candidatesOf(
  mode: ContentMode,
  req: Pick<IncomingMessage, 'headers' | 'headersDistinct'>,
  bytes: Buffer,
  maxEvents: number,
): Candidates {
  const utf8 = utf8Of(bytes);
  if (utf8.kind === 'foreign') {
    const detail = `body: it is ${utf8.encoding}, expected UTF-8`;
    return { kind: 'unreadable', refusal: { reason: 'invalid_json', detail } };
  }
  const body = utf8.bytes;
  switch (mode) {
    case 'structured':
      return { kind: 'candidates', candidates: [{ index: 0, bytes: body }] };
    case 'binary': {
      const event = binaryEventOf(req, body);
      if (event.kind === 'refused') return { kind: 'unreadable', refusal: event.refusal };
      return { kind: 'candidates', candidates: [{ index: 0, value: event.value }] };
    }
    case 'batched':
      return atMost(maxEvents, batchOf(body));
    case 'ndjson':
      return atMost(maxEvents, { kind: 'candidates', candidates: linesOf(body, maxEvents) });
    default:
      return mode satisfies never;
  }
}

function batchOf(body: Buffer): Candidates {
  const json = parseJson(body, 1);
  if (json.kind === 'refused') return { kind: 'unreadable', refusal: json.refusal };
  if (!Array.isArray(json.value)) {
    return {
      kind: 'unreadable',
      refusal: { reason: 'invalid_envelope', detail: 'the body: expected a list of events' },
    };
  }
  const values: readonly unknown[] = json.value;
  return { kind: 'candidates', candidates: values.map((value, index) => ({ index, value })) };
}

/** The lines that aren't blank, each with its number from 0; stops after one more than are accepted. */
function linesOf(body: Buffer, maxEvents: number): Candidate[] {
  const lines: Candidate[] = [];
  let index = 0;
  for (let from = 0; from < body.length && lines.length <= maxEvents; index++) {
    const newline = body.indexOf(NEWLINE, from);
    const end = newline < 0 ? body.length : newline;
    const bytes = withoutBlanks(body, from, end);
    if (bytes.length > 0) lines.push({ index, bytes });
    from = end + 1;
  }
  return lines;
}

const NEWLINE = 0x0a;
const BLANKS: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0d]);

function withoutBlanks(body: Buffer, from: number, end: number): Buffer {
  while (from < end && BLANKS.has(body[from])) from++;
  while (from < end && BLANKS.has(body[end - 1])) end--;
  return body.subarray(from, end);
}

function atMost(maxEvents: number, read: Candidates): Candidates {
  if (read.kind !== 'candidates' || read.candidates.length <= maxEvents) return read;
  const detail = `the body has more than ${maxEvents} events`;
  return { kind: 'refused', refusal: { status: 413, reason: 'too_many_events', detail } };
}
