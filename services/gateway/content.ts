import type { IncomingHttpHeaders } from 'node:http';
import type { HttpRefusal } from '../http/refusal';

/** How a request carries events: the CloudEvents HTTP binding's three modes, and NDJSON for bulk. */
export type ContentMode = 'structured' | 'batched' | 'binary' | 'ndjson';

const MODES: ReadonlyMap<string, ContentMode> = new Map([
  ['application/cloudevents+json', 'structured'],
  ['application/cloudevents-batch+json', 'batched'],
  ['application/x-ndjson', 'ndjson'],
]);
/** The media types for which binary mode's data is JSON (CloudEvents JSON format, 3.1.1). */
const JSON_DATA = /^[^/;]+\/(?:[^/;]+\+)?json$/;

/**
 * Tells the mode by `content-type`, as the CloudEvents HTTP binding (1.0.2, section 3) does: anything but the
 * CloudEvents media types means binary mode. So `application/json` is one event whose attributes are in `ce-`
 * headers, never an event or a batch in the body. Without a `content-type`, it is binary mode if there is a
 * `ce-specversion`.
 */
export function contentModeOf(headers: IncomingHttpHeaders): ContentMode | HttpRefusal {
  const contentType = headers['content-type'];
  if (contentType === undefined && headers['ce-specversion'] !== undefined) return 'binary';
  const { mediaType, charset } = parseMediaType(contentType ?? '');
  const mode =
    MODES.get(mediaType) ?? (isForeignFormat(mediaType) || !JSON_DATA.test(mediaType) ? null : 'binary');
  if (mode === null || !(charset === null || charset === 'utf-8' || charset === 'utf8')) {
    return unsupported(contentType);
  }
  return mode;
}

/** A CloudEvents event format other than JSON, existing or not. */
function isForeignFormat(mediaType: string): boolean {
  return mediaType.startsWith('application/cloudevents');
}

/** A media type without its parameters, lower-case, and its charset. */
export function parseMediaType(contentType: string): { mediaType: string; charset: string | null } {
  const [mediaType = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  return {
    mediaType,
    charset: charset === undefined ? null : charset.slice('charset='.length).replaceAll('"', ''),
  };
}

function unsupported(contentType: string | undefined): HttpRefusal {
  const shown = contentType === undefined ? 'absent' : JSON.stringify(contentType.slice(0, 64));
  const expected = [...MODES.keys()].join(', ');
  return {
    status: 415,
    reason: 'unsupported_content_type',
    detail: `content-type: ${shown}, expected one of ${expected}, or application/json with ce- headers; in UTF-8`,
  };
}
