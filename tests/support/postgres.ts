/** A PostgreSQL server of its own, in a temporary folder. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provide } from './provide';
import { freePort } from './ports';

export interface Postgres {
  /** USER@HOST:PORT/DATABASE, without a password. */
  readonly address: string;
  stop(): void;
}

const DEBIAN = '/usr/lib/postgresql';

export async function startPostgres(): Promise<Postgres> {
  await provide('psql');
  const [version] = readdirSync(DEBIAN);
  if (version === undefined) throw new Error(`${DEBIAN} is empty: install the package postgresql`);
  const bin = join(DEBIAN, version, 'bin');
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-postgres-'));
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) execFileSync('chown', ['postgres', dir]);
  chmodSync(dir, 0o700);
  const run = (program: string, ...args: string[]): void => {
    const own = isRoot ? ['runuser', '-u', 'postgres', '--'] : [];
    const [command = '', ...rest] = [...own, join(bin, program), ...args];
    execFileSync(command, rest, { cwd: dir, stdio: 'ignore' });
  };
  const port = await freePort();
  const data = join(dir, 'data');
  run('initdb', '-D', data, '-U', 'dstack', '--auth=trust', '--no-sync');
  const options = `-p ${String(port)} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${dir} -c fsync=off`;
  run('pg_ctl', '-D', data, '-o', options, '-w', '-l', join(dir, 'log'), 'start');
  return {
    address: `dstack@127.0.0.1:${String(port)}/postgres`,
    stop() {
      run('pg_ctl', '-D', data, '-m', 'immediate', 'stop');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
