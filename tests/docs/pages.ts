import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

export interface DocPage {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

export function readPage(path: string): DocPage {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

/** README.md and every Markdown page under docs/. */
export function readPages(): DocPage[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((name) => `docs/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.md'))
    .sort();
  return ['README.md', ...docs].map(readPage);
}

/** The text without fenced code, where a `[` is no link and a `#` no heading. */
export function prose(text: string): string {
  return text.replace(/^(```+).*\n[\s\S]*?^\1 *$/gm, '');
}

/** The anchor that GitHub gives a heading. */
export function slug(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}

export function headings(text: string): string[] {
  return [...prose(text).matchAll(/^#{1,6} +(.+?) *$/gm)].map((match) => match[1] ?? '');
}

export interface Fence {
  /** What stands after the opening fence: language, then our own words. */
  readonly info: string;
  readonly code: string;
}

export function fences(text: string): Fence[] {
  return [...text.matchAll(/^(```+)(.*)\n([\s\S]*?)^\1 *$/gm)].map((match) => ({
    info: (match[2] ?? '').trim(),
    code: match[3] ?? '',
  }));
}
