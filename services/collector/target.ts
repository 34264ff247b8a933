import { parse } from 'yaml';
import { EXPORTER_NAME } from '../exposition/page-event';
import type { Target } from '../exposition/page-event';

/** An exporter that is scraped, and whose GPUs it reports. */
export interface ScrapeTarget {
  /** Tells targets apart: address, exporter and whose page it is. */
  readonly key: string;
  readonly url: string;
  readonly exporter: string;
  readonly of: Target;
}

export type TargetsRead =
  /** Entries that are not targets are left out, with a line for each. */
  | {
      readonly kind: 'targets';
      readonly targets: readonly ScrapeTarget[];
      readonly problems: readonly string[];
    }
  | { readonly kind: 'unreadable'; readonly detail: string };

export const MAX_TARGETS = 20_000;
const MAX_PROBLEMS = 20;

/**
 * Reads Prometheus' service discovery format, JSON or YAML: a list of `{targets: [ADDRESS, …], labels: {…}}`.
 */
export function readTargets(text: string): TargetsRead {
  try {
    // An empty YAML file is null.
    return targetsOf(parseJson(text) ?? parse(text, { logLevel: 'error' }) ?? []);
  } catch (error) {
    return { kind: 'unreadable', detail: `neither JSON nor YAML: ${String(error).split('\n')[0] ?? ''}` };
  }
}

/** Tried first: YAML is a superset, but its parser takes many times as long. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function targetsOf(groups: unknown): TargetsRead {
  if (!Array.isArray(groups)) {
    return {
      kind: 'unreadable',
      detail:
        'expected a list of groups such as {"targets": ["10.0.0.1:9400"], "labels": {"instance": "ID"}}',
    };
  }
  const targets = new Map<string, ScrapeTarget>();
  const problems: string[] = [];
  for (const [index, group] of groups.entries()) {
    const read = targetsOfGroup(group);
    if (typeof read === 'string') problems.push(`group ${String(index + 1)}: ${read}`);
    else for (const target of read) if (!targets.has(target.key)) targets.set(target.key, target);
  }
  if (targets.size > MAX_TARGETS) {
    return {
      kind: 'unreadable',
      detail: `${String(targets.size)} targets, expected at most ${String(MAX_TARGETS)}`,
    };
  }
  return { kind: 'targets', targets: [...targets.values()], problems: problems.slice(0, MAX_PROBLEMS) };
}

/** A line that says why there is none. */
function targetsOfGroup(group: unknown): ScrapeTarget[] | string {
  if (!isObject(group) || !Array.isArray(group['targets'])) return 'targets: expected a list of HOST:PORT';
  const labels = labelsOf(group['labels'] ?? {});
  if (typeof labels === 'string') return labels;
  const of = subjectOf(labels);
  if (typeof of === 'string') return of;
  const exporter = labels.get('exporter') ?? 'dcgm';
  if (!EXPORTER_NAME.test(exporter)) {
    return `labels.exporter: ${short(exporter)}, expected a name such as dcgm, of 1 to 64 letters, digits, "_", "." and "-"`;
  }
  const targets: ScrapeTarget[] = [];
  for (const address of group['targets']) {
    const url = urlOf(address, labels);
    if (url === null) return `targets: ${short(address)}, expected HOST:PORT`;
    targets.push({ key: JSON.stringify([url, exporter, of]), url, exporter, of });
  }
  return targets;
}

function labelsOf(labels: unknown): ReadonlyMap<string, string> | string {
  if (!isObject(labels)) return 'labels: expected an object';
  const read = new Map<string, string>();
  for (const [name, value] of Object.entries(labels)) {
    // In YAML, unquoted digits are numbers.
    if (typeof value !== 'string' && typeof value !== 'number')
      return `labels.${name.slice(0, 64)}: expected a text`;
    read.set(name, String(value));
  }
  return read;
}

/** Whose page it is, by the labels `run` and `job`, or `instance`: ids as the lifecycle events have them. */
function subjectOf(labels: ReadonlyMap<string, string>): Target | string {
  const [job, run, instance] = ['job', 'run', 'instance'].map((name) => labels.get(name) ?? '');
  const tooLong = [job, run, instance].find((id) => id !== undefined && id.length > MAX_ID_LENGTH);
  if (tooLong !== undefined)
    return `labels: ${short(tooLong)}, expected an id of up to ${String(MAX_ID_LENGTH)} UTF-16 units`;
  if (instance && !job && !run) return { instance: { id: instance } };
  if (job && run && !instance) return { job: { id: job }, run: { id: run } };
  return 'labels: expected run and job, or instance, and not both: they say whose GPUs these are';
}

const MAX_ID_LENGTH = 128;
const ADDRESS = /^[^\s/?#@]+$/;

/**
 * As Prometheus makes it from the address and the labels `__scheme__`, `__metrics_path__` and `__param_NAME`.
 */
function urlOf(address: unknown, labels: ReadonlyMap<string, string>): string | null {
  if (typeof address !== 'string' || !ADDRESS.test(address)) return null;
  const scheme = labels.get('__scheme__') ?? 'http';
  const path = labels.get('__metrics_path__') ?? '/metrics';
  if ((scheme !== 'http' && scheme !== 'https') || !path.startsWith('/')) return null;
  const base = `${scheme}://${address}`;
  if (!URL.canParse(base)) return null;
  const url = new URL(base);
  url.pathname = path;
  for (const [name, value] of labels) {
    if (name.startsWith(PARAM)) url.searchParams.set(name.slice(PARAM.length), value);
  }
  return url.href;
}

const PARAM = '__param_';

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function short(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 64)) : String(value).slice(0, 64);
}
