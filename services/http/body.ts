import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { atATime } from './at-a-time';
import type { Lease } from './budget';
import type { HttpRefusal } from './refusal';

export type BodyRead =
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'refused'; readonly refusal: HttpRefusal };

/** Each chunk is a turn of the event loop. */
const INFLATED = { chunkSize: 256 * 1024 };

/** By `content-encoding`, RFC 9110; null: the body as it is. */
const DECODERS: ReadonlyMap<string, (() => Transform) | null> = new Map<string, (() => Transform) | null>([
  ['identity', null],
  ['gzip', () => createGunzip(INFLATED)],
  ['x-gzip', () => createGunzip(INFLATED)],
  ['deflate', () => createInflate(INFLATED)],
  ['br', () => createBrotliDecompress(INFLATED)],
]);
const ACCEPTED_ENCODINGS = 'gzip, deflate, br';

/**
 * Reads a request's body and inflates it. Neither the bytes on the wire nor the inflated ones go above the
 * limit: what is larger is refused (413) when the limit is reached, however large it would have become.
 * Everything kept in memory is taken from the lease; if that is used up, 503. An encoding that isn't known is
 * 415, one that is broken 400.
 */
export function readBody(req: IncomingMessage, limitBytes: number, lease: Lease): Promise<BodyRead> {
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const createDecoder = DECODERS.get(encoding);
  if (createDecoder === undefined) return Promise.resolve(refused(unknownEncoding(encoding)));
  if (Number(req.headers['content-length'] ?? 0) > limitBytes)
    return Promise.resolve(refused(tooLarge(limitBytes)));
  return readEncoded(req, createDecoder, limitBytes, lease);
}

/** Two are inflated at a time, however many are sent: the same few threads compress pages. */
const inflating = atATime(2);

async function readEncoded(
  req: IncomingMessage,
  createDecoder: (() => Transform) | null,
  limitBytes: number,
  lease: Lease,
): Promise<BodyRead> {
  // All of it has arrived before its turn comes, so that a slow sender keeps nobody waiting.
  const sent = await collect(req, limitBytes, lease, () => CUT_OFF);
  if (sent.kind === 'refused' || createDecoder === null) return sent;
  return inflating(() => {
    const decoder = createDecoder();
    const read = collect(decoder, limitBytes, lease, brokenEncoding);
    decoder.end(sent.bytes);
    return read;
  });
}

function collect(
  source: Readable,
  limitBytes: number,
  lease: Lease,
  fault: (error: Error) => HttpRefusal,
): Promise<BodyRead> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (read: BodyRead): void => {
      source.off('data', onData);
      if (source instanceof Transform) source.destroy();
      resolve(read);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > limitBytes) end(refused(tooLarge(limitBytes)));
      else if (!lease.take(chunk.length)) end(refused(OUT_OF_MEMORY));
      else chunks.push(chunk);
    };
    source.on('data', onData);
    source.on('end', () => {
      end({ kind: 'body', bytes: Buffer.concat(chunks, bytes) });
    });
    source.on('error', (error: Error) => {
      end(refused(fault(error)));
    });
    source.on('close', () => {
      if (!source.readableEnded) end(refused(CUT_OFF));
    });
  });
}

function refused(refusal: HttpRefusal): BodyRead {
  return { kind: 'refused', refusal };
}

function tooLarge(limitBytes: number): HttpRefusal {
  return {
    status: 413,
    reason: 'too_large',
    detail: `the body has more than ${limitBytes} bytes, inflated or on the wire`,
  };
}

function unknownEncoding(encoding: string): HttpRefusal {
  return {
    status: 415,
    reason: 'unknown_encoding',
    detail: `content-encoding: ${JSON.stringify(encoding.slice(0, 64))}, expected one of ${ACCEPTED_ENCODINGS}`,
    headers: { 'accept-encoding': ACCEPTED_ENCODINGS },
  };
}

function brokenEncoding(error: Error): HttpRefusal {
  return { status: 400, reason: 'invalid_encoding', detail: `the body can't be inflated: ${error.message}` };
}

/** The sender is gone, so this is only for the counters. */
const CUT_OFF: HttpRefusal = {
  status: 400,
  reason: 'cut_off',
  detail: 'the connection ended within the body',
};

const OUT_OF_MEMORY: HttpRefusal = {
  status: 503,
  reason: 'busy',
  detail: 'too many bytes are being taken in right now; send it again',
  headers: { 'retry-after': '1' },
};
