import type { IncomingMessage } from 'node:http';
import { MAX_EVENT_BYTES } from '../../events/codec';
import type { Refusal } from '../../events/codec';
import { parseJson, tooLarge } from './json';

type BinaryEvent =
  | { readonly kind: 'event'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

const PREFIX = 'ce-';
/**
 * As CloudEvents names attributes; `data` is no attribute, and `datacontenttype` is the header
 * `content-type`.
 */
const ATTRIBUTE_NAME = /^(?!data$|datacontenttype$)[a-z0-9]+$/;
const PRINTABLE = /^[\t\x20-\x7e]*$/;
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/;

/**
 * The event of a request in binary mode (CloudEvents HTTP binding 1.0.2, 3.1): its attributes from the `ce-`
 * headers, unquoted and percent-decoded once, its data from the body, which is JSON. `data` is absent if the
 * body is empty.
 */
export function binaryEventOf(
  req: Pick<IncomingMessage, 'headers' | 'headersDistinct'>,
  body: Buffer,
): BinaryEvent {
  if (req.headers['ce-specversion'] === undefined) {
    return invalidEnvelope('ce-specversion', `absent, expected ${IN_BINARY_MODE}`);
  }
  const members = new Map<string, unknown>();
  for (const [header, values] of Object.entries(req.headersDistinct)) {
    if (!header.startsWith(PREFIX)) continue;
    const name = header.slice(PREFIX.length);
    if (!ATTRIBUTE_NAME.test(name))
      return invalidEnvelope(header, 'there is no attribute of this name in binary mode');
    const [value, ...more] = values ?? [];
    if (value === undefined || more.length > 0)
      return invalidEnvelope(header, 'there several times, expected once');
    const text = attributeOf(value);
    if (text === null)
      return invalidEnvelope(header, `${JSON.stringify(value.slice(0, 64))}, expected ${ENCODED}`);
    members.set(name, text);
  }
  const contentType = req.headers['content-type'];
  if (contentType !== undefined) members.set('datacontenttype', contentType);
  if (body.length > 0) {
    if (body.length > MAX_EVENT_BYTES) return { kind: 'refused', refusal: tooLarge(body.length) };
    const data = parseJson(body, -1);
    if (data.kind === 'refused') return data;
    members.set('data', data.value);
  }
  return { kind: 'event', value: Object.fromEntries(members) };
}

const IN_BINARY_MODE =
  '"1.0", since the content-type is not of an event format: attributes are in ce- headers then';
const ENCODED = 'printable ASCII, other characters as percent-encoded UTF-8';

function attributeOf(header: string): string | null {
  if (!PRINTABLE.test(header)) return null;
  const quoted = QUOTED.exec(header)?.[1];
  try {
    return decodeURIComponent(quoted === undefined ? header : quoted.replace(/\\(.)/g, '$1'));
  } catch {
    return null;
  }
}

function invalidEnvelope(header: string, problem: string): BinaryEvent {
  return {
    kind: 'refused',
    refusal: { reason: 'invalid_envelope', detail: `${header.slice(0, 64)}: ${problem}` },
  };
}
