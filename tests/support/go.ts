/**
 * Tools written in Go that no Debian package has: from PATH, else built by `go install` and kept for the next
 * run.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onPath } from './provide';

const run = promisify(execFile);

const TOOLS = {
  helm: 'helm.sh/helm/v3/cmd/helm@v3.19.0',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0',
} as const;

/** Path of the tool. Building helm takes minutes. */
export async function goProgram(name: keyof typeof TOOLS): Promise<string> {
  const found = onPath(name);
  if (found !== null) return found;
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fleetmeter-tests');
  const file = join(folder, name);
  if (existsSync(file)) return file;
  const go = onPath('go');
  if (go === null) throw new Error(`${name} is not on PATH, and there is no go to build it: install either`);
  mkdirSync(folder, { recursive: true });
  await run(go, ['install', TOOLS[name]], {
    env: { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' },
    maxBuffer: 16 * 1024 * 1024,
  });
  return file;
}
