import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Lease } from './budget';
import type { HttpRefusal } from './refusal';

export type BodyRead =
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'refused'; readonly refusal: HttpRefusal };

/** By `content-encoding`, RFC 9110; null: the body as it is. */
const DECODERS: ReadonlyMap<string, (() => Transform) | null> = new Map<string, (() => Transform) | null>([
  ['identity', null],
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['deflate', () => createInflate()],
  ['br', () => createBrotliDecompress()],
]);
const ACCEPTED_ENCODINGS = 'gzip, deflate, br';

/**
 * Reads a request's body and inflates it. Neither the bytes on the wire nor the inflated ones go above the limit: what
 * is larger is refused (413) when the limit is reached, however much more it would have become. All that is kept is
 * taken from the lease; where that has no more, 503. An encoding that isn't known is 415, one that is broken 400.
 */
export function readBody(req: IncomingMessage, limitBytes: number, lease: Lease): Promise<BodyRead> {
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const createDecoder = DECODERS.get(encoding);
  if (createDecoder === undefined) return Promise.resolve(refused(unknownEncoding(encoding)));
  if (Number(req.headers['content-length'] ?? 0) > limitBytes)
    return Promise.resolve(refused(tooLarge(limitBytes)));
  return collect(req, createDecoder === null ? null : createDecoder(), limitBytes, lease);
}

function collect(
  req: IncomingMessage,
  decoder: Transform | null,
  limitBytes: number,
  lease: Lease,
): Promise<BodyRead> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let wireBytes = 0;
    let bytes = 0;
    const end = (read: BodyRead): void => {
      req.off('data', onWire);
      source.off('data', onData);
      if (decoder !== null) {
        req.unpipe(decoder);
        decoder.destroy();
      }
      resolve(read);
    };
    const onWire = (chunk: Buffer): void => {
      wireBytes += chunk.length;
      if (wireBytes > limitBytes) end(refused(tooLarge(limitBytes)));
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > limitBytes) end(refused(tooLarge(limitBytes)));
      else if (!lease.take(chunk.length)) end(refused(OUT_OF_MEMORY));
      else chunks.push(chunk);
    };
    const source: Readable = decoder ?? req;
    source.on('data', onData);
    source.on('end', () => {
      end({ kind: 'body', bytes: Buffer.concat(chunks, bytes) });
    });
    source.on('error', (error: Error) => {
      end(refused(decoder === null ? CUT_OFF : brokenEncoding(error)));
    });
    req.on('close', () => {
      if (!req.readableEnded) end(refused(CUT_OFF));
    });
    if (decoder !== null) {
      req.on('data', onWire);
      req.pipe(decoder);
    }
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

/** The sender is gone, so this is for the counters alone. */
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
