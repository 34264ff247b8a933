import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Where the certificate of this server is, PEM, its key, and the authorities of those who may connect. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Set: only clients with a certificate of these authorities are answered. */
  readonly clientCaFile: string | undefined;
}

export interface TlsContents {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

/** Throws where a file can't be read. */
export function readTlsFiles({ certFile, keyFile, clientCaFile }: TlsFiles): TlsContents {
  const ca = clientCaFile === undefined ? {} : { ca: readFileSync(clientCaFile, 'utf8') };
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), ...ca };
}

export function tlsPaths({ certFile, keyFile, clientCaFile }: TlsFiles): readonly string[] {
  return [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])];
}

/** Why they can't be used; undefined: they can. Nothing of a key is in it. */
export function tlsMistake(files: TlsFiles): string | undefined {
  try {
    createSecureContext(readTlsFiles(files));
    return undefined;
  } catch (error) {
    const hasCode = typeof error === 'object' && error !== null && 'code' in error;
    return hasCode ? String(error.code) : 'no certificate and key in PEM';
  }
}
