import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { differencesOf, readPage } from '../support/page-series';
import { runCommand } from '../support/server';

/** How far ahead of now pages are compared: behind any page time until the comparison is done. */
const AHEAD_MS = 300_000;
const PATIENCE_MS = 90_000;

/**
 * Compares what each replica shows as of one moment with `render` of the log's `events export`, byte by byte.
 * The log stands still in the meantime; what is not folded yet is waited for. Returns the series that differ,
 * a line each; empty: none.
 */
export async function compareWithLog(
  urls: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-chaos-'));
  const at = new Date(Date.now() + AHEAD_MS).toISOString();
  const endMs = Date.now() + PATIENCE_MS;
  try {
    for (;;) {
      const file = join(dir, 'events.ndjson');
      const expected = await rendered(file, at, settings);
      const differences = (await Promise.all(urls.map((url) => differencesAt(url, at, expected)))).flat();
      if (differences.length === 0 || Date.now() > endMs) return differences;
      await delay(1000);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function rendered(
  file: string,
  at: string,
  settings: Readonly<Record<string, string>>,
): Promise<string> {
  const exported = await runCommand(['events', 'export', file], settings);
  if (exported.code !== 0) throw new Error(`events export: ${exported.stderr}`);
  const render = await runCommand(['render', '--events', file, '--at', at], settings);
  if (render.code !== 0) throw new Error(`render: ${render.stderr}`);
  return render.stdout;
}

async function differencesAt(url: string, at: string, expected: string): Promise<string[]> {
  try {
    const response = await fetch(`${url}/metrics?at=${encodeURIComponent(at)}`);
    const page = await response.text();
    if (response.status !== 200) return [`${url} answers ${response.status}: ${page.slice(0, 300)}`];
    if (page === expected) return [];
    const series = differencesOf(readPage(expected), readPage(page));
    return (series.length > 0 ? series : ['the same series in other bytes']).map(
      (line) => `${url} at ${at}: ${line}`,
    );
  } catch (error) {
    return [`${url}: ${String(error)}`];
  }
}
