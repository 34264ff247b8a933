/** Certificates of a test's own, made by openssl: `NAME.crt` and `NAME.key` in a folder. */
import { spawnSync } from 'node:child_process';

export interface Certificate {
  readonly name: string;
  /** A certificate here that signs it; none: it signs itself. */
  readonly issuer?: string;
  /** `DNS:localhost,IP:127.0.0.1`, by default. */
  readonly names?: string;
  readonly serial?: number;
}

export function certify(dir: string, { name, issuer, names, serial = 1 }: Certificate): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
  const subject = [
    '-subj',
    `/CN=${name}`,
    '-addext',
    `subjectAltName=${names ?? 'DNS:localhost,IP:127.0.0.1'}`,
  ];
  const signed =
    issuer === undefined
      ? []
      : ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`, '-addext', 'basicConstraints=critical,CA:FALSE'];
  const rest = ['-days', '2', '-set_serial', String(serial), '-out', `${name}.crt`];
  const args = ['req', '-x509', ...key, ...subject, ...signed, ...rest];
  const { status, stderr } = spawnSync('openssl', args, { cwd: dir, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
}
