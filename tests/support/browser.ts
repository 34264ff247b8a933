/** A real browser, for pages that people look at. */
import { readFileSync } from 'node:fs';
import { type Browser, type Page, chromium } from 'playwright-core';
import { provide } from './provide';

export async function openBrowser(): Promise<Browser> {
  const { argv } = await provide('chromium');
  if (argv.length > 1)
    throw new Error('chromium is not on PATH. Install it (Debian: apt-get install chromium)');
  return chromium.launch({ executablePath: argv[0], args: ['--no-sandbox', '--disable-gpu'] });
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds wrong with the page, by its rules. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // By way of the debugger, which the page's policy does not bind.
  const source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  const violations = await page.evaluate<Violation[]>(
    `(() => { ${source}; return window.axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations); })()`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
  );
}
