import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** The files of this server's certificate, its key, and the authorities of those who may connect; PEM. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Set: only clients with a certificate of these authorities are answered. */
  readonly clientCaFile: string | undefined;
}

/** How commands recognize a server that speaks TLS, and what they show it; PEM. */
export interface ClientTlsFiles {
  /** Authorities of its certificate. */
  readonly caFile: string | undefined;
  /** Shown if the server asks for one. */
  readonly own: { readonly certFile: string; readonly keyFile: string } | undefined;
}

export interface TlsContents {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

/** Throws if a file can't be read. */
export function readTlsFiles({ certFile, keyFile, clientCaFile }: TlsFiles): TlsContents {
  const ca = clientCaFile === undefined ? {} : { ca: readFileSync(clientCaFile, 'utf8') };
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), ...ca };
}

export function tlsPaths({ certFile, keyFile, clientCaFile }: TlsFiles): readonly string[] {
  return [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])];
}

/** Why they can't be used; undefined: they can. It contains nothing of a key. */
export function tlsMistake(files: TlsFiles): string | undefined {
  return mistakeIn(() => createSecureContext(readTlsFiles(files)), 'no certificate and key in PEM');
}

/** The same for a file of authorities. */
export function authoritiesMistake(file: string): string | undefined {
  return mistakeIn(() => new X509Certificate(readFileSync(file)), 'no certificate in PEM');
}

function mistakeIn(use: () => unknown, otherwise: string): string | undefined {
  try {
    use();
    return undefined;
  } catch (error) {
    return codeOf(error) ?? otherwise;
  }
}

/** The code of an error of the system's (`ECONNRESET`) or of OpenSSL's (`ERR_SSL_WRONG_VERSION_NUMBER`). */
export function codeOf(error: unknown): string | undefined {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return hasCode ? String(error.code) : undefined;
}
