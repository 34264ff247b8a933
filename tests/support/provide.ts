/**
 * Where the tests get the programs from that they run for real: from PATH, else Debian's packages, else
 * Docker.
 */
import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { alone } from './alone';

const run = promisify(execFile);

/** `image` null: what it does says nothing in a container. */
const PROGRAMS = {
  'redis-server': { debian: 'redis-server', image: 'redis:7-bookworm' },
  prometheus: { debian: 'prometheus', image: 'prom/prometheus:v3.5.0' },
  psql: { debian: 'postgresql', image: null },
  promtool: { debian: 'prometheus', image: 'prom/prometheus:v3.5.0' },
  'systemd-analyze': { debian: 'systemd', image: null },
  'victoria-metrics': { debian: 'victoria-metrics', image: null },
  faketime: { debian: 'faketime', image: null },
  chromium: { debian: 'chromium', image: null },
  zsh: { debian: 'zsh', image: null },
  fish: { debian: 'fish', image: null },
} as const;

export type ProgramName = keyof typeof PROGRAMS;

/** How to start a program. Its files must lie under the system's temporary folder, its ports on 127.0.0.1. */
export interface Program {
  /** To be followed by the program's own arguments. */
  readonly argv: readonly [string, ...string[]];
  /** Ends it where killing the child process would not: in Docker the child is only a client. */
  readonly endArgv: readonly [string, ...string[]] | null;
}

/** apt-get waits for another's lock on what is installed, but not for one on its lists. */
const APT_LOCK = join(tmpdir(), 'fleetmeter-apt.lock');

/**
 * Finds the program, or installs it; where neither is possible, says what to install. One Program, one start.
 */
export async function provide(name: ProgramName): Promise<Program> {
  const found = onPath(name) ?? (await alone(APT_LOCK, async () => onPath(name) ?? (await installed(name))));
  if (found !== null) return { argv: [found], endArgv: null };
  const { debian, image } = PROGRAMS[name];
  if (image !== null && (await dockerAnswers())) return inDocker(name, image);
  throw new Error(
    `${name} is not on PATH. Install it (Debian: apt-get install ${debian})${image === null ? '' : ' or start Docker'}; the tests run it for real.`,
  );
}

export function onPath(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

async function installed(name: ProgramName): Promise<string | null> {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return null;
  // RUNLEVEL keeps the package from starting its service.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  try {
    await run('apt-get', ['update', '-q', ...wait], { env });
    const { debian } = PROGRAMS[name];
    await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...wait, debian], { env });
  } catch (error) {
    throw new Error(`${name} is not on PATH, and apt-get could not install it`, { cause: error });
  }
  return onPath(name);
}

async function dockerAnswers(): Promise<boolean> {
  return run('docker', ['info'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

function inDocker(name: ProgramName, image: string): Program {
  const container = `fleetmeter-test-${randomUUID()}`;
  const folder = tmpdir();
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const places = [
    '--network',
    'host',
    '--volume',
    `${folder}:${folder}`,
    '--workdir',
    folder,
    '--user',
    user,
  ];
  return {
    argv: ['docker', 'run', '--rm', '--name', container, ...places, '--entrypoint', name, image],
    endArgv: ['docker', 'rm', '--force', container],
  };
}

/**
 * Ends what a Program has started, as a crash would: at once, and the processes that it has forked with it.
 * `pid`: of a child that was spawned `detached`, so that it leads a process group.
 */
export function end(program: Program, pid: number | undefined): void {
  if (program.endArgv !== null) {
    const [command, ...args] = program.endArgv;
    spawnSync(command, args);
  }
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
