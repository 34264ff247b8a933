import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { textOf } from '../../events/encoding';
import type { Budget, BudgetOf } from '../report/budget';
import { CommandError, EXIT } from './exit';
import { printable } from './printable';
import { codeOf } from './tls';

/**
 * Reads a file of budgets, YAML or JSON: a list of {project, user, tag: {NAME: text}, month, dollars}. Throws
 * a line for each mistake.
 */
export function readBudgetFile(path: string): readonly Budget[] {
  const list = contentOf(path);
  if (!Array.isArray(list) || list.length === 0)
    throw new CommandError(EXIT.usage, `${path}: expected a YAML or JSON list of budgets`);
  const mistakes: string[] = [];
  const budgets = list.flatMap((item: unknown, index) => {
    const read = readBudget(item);
    if (!Array.isArray(read)) return [read];
    mistakes.push(...read.map((mistake) => `${path}: budget ${String(index + 1)}: ${mistake}`));
    return [];
  });
  const keys = budgets.map(({ of, monthMs }) => JSON.stringify([of.project, of.user, of.tag, monthMs]));
  const twice = keys.findIndex((key, index) => keys.indexOf(key) < index);
  if (twice >= 0 && mistakes.length === 0)
    mistakes.push(`${path}: budget ${String(twice + 1)}: the same month of the same is there before`);
  if (mistakes.length > 0) throw new CommandError(EXIT.usage, mistakes.join('\n'));
  return budgets;
}

function contentOf(path: string): unknown {
  let text: string;
  try {
    text = textOf(readFileSync(path));
  } catch (error) {
    throw new CommandError(
      EXIT.usage,
      `${path}: expected a file that can be read (${codeOf(error) ?? String(error)})`,
    );
  }
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

const MEMBERS: ReadonlySet<string> = new Set(['project', 'user', 'tag', 'month', 'dollars']);
const MOST_DOLLARS = 1e12;

/** The budget, or what is wrong with it. */
function readBudget(item: unknown): Budget | string[] {
  if (!isObject(item)) return ['expected {project, user or tag, month, dollars}'];
  const unknown = Object.keys(item).filter((name) => !MEMBERS.has(name));
  const mistakes = unknown.map((name) => `${printable(name)}: expected one of ${[...MEMBERS].join(', ')}`);
  const monthMs = monthOf(item['month']);
  if (monthMs === null) mistakes.push(`month: ${shown(item['month'])}, expected a month such as 2026-11`);
  const cents = centsOf(item['dollars']);
  if (cents === null)
    mistakes.push(`dollars: ${shown(item['dollars'])}, expected a number above 0, with at most 2 decimals`);
  const of = ofWhat(item);
  if (Array.isArray(of)) return [...mistakes, ...of];
  if (mistakes.length > 0 || monthMs === null || cents === null) return mistakes;
  return { of, monthMs, cents };
}

function ofWhat({ project, user, tag }: Readonly<Record<string, unknown>>): BudgetOf | string[] {
  const mistakes: string[] = [];
  if (project !== undefined && !isText(project)) mistakes.push(`project: ${shown(project)}, expected a text`);
  if (user !== undefined && !isText(user)) mistakes.push(`user: ${shown(user)}, expected a text`);
  const [name, text] = isObject(tag) && Object.keys(tag).length === 1 ? (Object.entries(tag)[0] ?? []) : [];
  const isTag = isText(name) && isText(text);
  if (tag !== undefined && !isTag)
    mistakes.push(`tag: ${shown(tag)}, expected one name and its text, such as {team: vision}`);
  if (project === undefined && user === undefined && tag === undefined)
    mistakes.push('expected project, user or tag, or several of them');
  if (mistakes.length > 0) return mistakes;
  return {
    ...(isText(project) ? { project } : {}),
    ...(isText(user) ? { user } : {}),
    ...(isTag ? { tag: { name, text } } : {}),
  };
}

function monthOf(text: unknown): number | null {
  return typeof text === 'string' && /^\d{4}-(0[1-9]|1[0-2])$/.test(text)
    ? Date.parse(`${text}-01T00:00:00Z`)
    : null;
}

function centsOf(dollars: unknown): number | null {
  if (typeof dollars !== 'number' || !(dollars > 0 && dollars <= MOST_DOLLARS)) return null;
  return /^\d+(\.\d{1,2})?$/.test(String(dollars)) ? Math.round(dollars * 100) : null;
}

function shown(value: unknown): string {
  return value === undefined ? 'absent' : printable(JSON.stringify(value).slice(0, 80));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
