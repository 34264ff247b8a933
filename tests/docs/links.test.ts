import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { headings, prose, readPages, slug } from './pages';

const ROOT = resolve(__dirname, '../..');
const pages = readPages();
const anchors = new Map(pages.map(({ path, text }) => [path, new Set(headings(text).map(slug))]));

function links(text: string): string[] {
  const inCode = /`[^`\n]*`/g;
  return [
    ...prose(text)
      .replace(inCode, '')
      .matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|src="([^"]+)"/g),
  ].map((match) => match[1] ?? match[2] ?? '');
}

/** What is wrong with a link from a page, or null. Links to the outside are not followed. */
function broken(page: string, link: string): string | null {
  if (/^(?:https?|mailto):/.test(link)) return null;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), decodeURI(path));
  if (target.startsWith('..')) return 'leads out of the repository';
  if (!existsSync(join(ROOT, target))) return 'no such file';
  if (anchor === undefined) return null;
  if (statSync(join(ROOT, target)).isDirectory()) return 'an anchor in a folder';
  return anchors.get(target)?.has(anchor) === true ? null : 'no such heading';
}

test('there are pages, and links in them', () => {
  expect(pages.length).toBeGreaterThan(20);
  expect(pages.flatMap(({ text }) => links(text)).length).toBeGreaterThan(50);
});

test.each(pages.map(({ path, text }) => [path, text] as const))('links of %s resolve', (path, text) => {
  const wrong = links(text).flatMap((link) => {
    const why = broken(path, link);
    return why === null ? [] : [`${link}: ${why}`];
  });
  expect(wrong).toEqual([]);
});

test('every page can be reached from the index', () => {
  const seen = new Set<string>();
  const queue = ['docs/README.md'];
  for (let page = queue.pop(); page !== undefined; page = queue.pop()) {
    if (seen.has(page)) continue;
    seen.add(page);
    const text = pages.find(({ path }) => path === page)?.text ?? '';
    for (const link of links(text)) {
      const path = link.split('#')[0] ?? '';
      if (path.endsWith('.md') && !path.includes(':')) queue.push(join(dirname(page), path));
    }
  }
  const unreachable = pages.map(({ path }) => path).filter((path) => path !== 'README.md' && !seen.has(path));
  expect(unreachable).toEqual([]);
});
