import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { PERMISSIONS, sha256 } from '../http/access';
import type { Access, Grant, Permission } from '../http/access';
import type { Logger } from '../process/logger';
import { watchFiles } from '../process/watched-files';

/** The tokens of a file, or a line for each mistake, which names no token. */
export type ReadTokens =
  | { readonly ok: true; readonly grants: readonly Grant[] }
  | { readonly ok: false; readonly mistakes: readonly string[] };

/** Reads `FLEETMETER_TOKENS_FILE`: YAML or JSON, a list of {name, token or sha256, may, projects?}. */
export function readTokensFile(path: string): ReadTokens {
  try {
    return readTokens(readFileSync(path, 'utf8'));
  } catch (error) {
    const code =
      typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unreadable';
    return { ok: false, mistakes: [`${path.slice(0, 80)}, expected a file that can be read (${code})`] };
  }
}

export function readTokens(text: string): ReadTokens {
  const list = parsed(text);
  if (!Array.isArray(list)) return { ok: false, mistakes: ['expected a YAML or JSON list of tokens'] };
  const mistakes: string[] = [];
  const grants = list.flatMap((item: unknown, index) => {
    const read = readGrant(item);
    if ('grant' in read) return [read.grant];
    mistakes.push(...read.mistakes.map((mistake) => `token ${String(index + 1)}: ${mistake}`));
    return [];
  });
  for (const [index, { name, sha256: own }] of grants.entries()) {
    const before = grants.slice(0, index);
    if (before.some((other) => other.name === name))
      mistakes.push(`name: ${JSON.stringify(name)} is there twice`);
    else if (before.some((other) => other.sha256.equals(own)))
      mistakes.push(`the token of ${JSON.stringify(name)} is another one's too`);
  }
  return mistakes.length === 0 ? { ok: true, grants } : { ok: false, mistakes };
}

/** A YAML parser's error message may quote a token. */
function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

const MEMBERS: ReadonlySet<string> = new Set(['name', 'token', 'sha256', 'may', 'projects']);

function readGrant(item: unknown): { readonly grant: Grant } | { readonly mistakes: readonly string[] } {
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    return { mistakes: ['expected {name, token or sha256, may, projects}'] };
  const members = new Map<string, unknown>(Object.entries(item));
  const mistakes: string[] = [];
  for (const name of members.keys())
    if (!MEMBERS.has(name)) mistakes.push(`${name.slice(0, 40)}: expected one of ${[...MEMBERS].join(', ')}`);
  const name = members.get('name');
  if (!isText(name)) mistakes.push('name: expected a text');
  const own = digestOf(members.get('token'), members.get('sha256'));
  if (own === null) mistakes.push('expected either token, a text, or sha256, its 64 hexadecimal digits');
  const may = members.get('may');
  if (!isListOf(may, isPermission)) mistakes.push(`may: expected a list of ${PERMISSIONS.join(', ')}`);
  const projects = members.get('projects') ?? null;
  if (projects !== null && !isListOf(projects, isName))
    mistakes.push('projects: expected a list of names, or none for all projects');
  if (mistakes.length > 0 || !isText(name) || own === null || !isListOf(may, isPermission))
    return { mistakes };
  const some = isListOf(projects, isName) ? [...projects].sort() : null;
  return { grant: { name, sha256: own, may, projects: some } };
}

function digestOf(token: unknown, hex: unknown): Buffer | null {
  if (isText(token) && hex == null) return sha256(token);
  if (isText(hex) && token == null && /^[0-9a-f]{64}$/i.test(hex)) return Buffer.from(hex, 'hex');
  return null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isName(value: unknown): value is string {
  return typeof value === 'string';
}

function isPermission(value: unknown): value is Permission {
  return PERMISSIONS.some((one) => one === value);
}

function isListOf<T>(value: unknown, isOne: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.length > 0 && value.every(isOne);
}

export interface WatchedAccess extends Access {
  close(): Promise<void>;
}

/**
 * The single tokens, and those of a file, which is read again when it changes. With a file, nothing is open
 * to everybody. If the file becomes invalid, the tokens read before stay valid, and the log says so.
 */
export function openAccess(single: Access, path: string | undefined, logger: Logger): WatchedAccess {
  if (path === undefined) return { ...single, close: () => Promise.resolve() };
  let fromFile: readonly Grant[] = [];
  const first = readTokensFile(path);
  if (first.ok) fromFile = first.grants;
  const stop = watchFiles([path], () => {
    const read = readTokensFile(path);
    if (!read.ok) {
      logger.error(
        { mistakes: read.mistakes },
        'the tokens file is invalid now; the tokens read before stay valid',
      );
      return;
    }
    fromFile = read.grants;
    logger.info({ tokens: fromFile.map(({ name }) => name) }, 'read the tokens file again');
  });
  const close = (): Promise<void> => {
    stop();
    return Promise.resolve();
  };
  return { grants: () => [...single.grants(), ...fromFile], isOpen: () => false, close };
}
