/**
 * The status page as pictures, and how soon it is painted with 10,000 jobs. `npm run screenshots` puts the
 * pictures where the docs show them; elsewhere they are taken, looked over by axe-core, and thrown away.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { accessibilityFaults, openBrowser } from '../support/browser';
import { fleetOf, serveStatus, type StatusServer } from '../support/status-fleet';

const PICTURES = resolve(__dirname, '../../docs/assets');
const JOBS = 10_000;
const LOADS = 20;
/** With so many jobs a point of the charts costs more than in the small fleets of other tests. */
const TREND_MS = 5000;

jest.setTimeout(300_000);

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
});

const WIDE: BrowserContextOptions = { viewport: { width: 1360, height: 900 }, colorScheme: 'light' };
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, colorScheme: 'light' };

async function withPage<T>(options: BrowserContextOptions, see: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext(options);
  try {
    return await see(await context.newPage());
  } finally {
    await context.close();
  }
}

/** As WebP, which the browser makes of its own PNG. */
async function picture(page: Page, name: string): Promise<void> {
  const png = (await page.screenshot()).toString('base64');
  const url = await withPage(WIDE, (other) =>
    other.evaluate<string>(`(async () => {
      const image = new Image();
      image.src = 'data:image/png;base64,${png}';
      await image.decode();
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [image.width, image.height];
      canvas.getContext('2d').drawImage(image, 0, 0);
      return canvas.toDataURL('image/webp', 0.8);
    })()`),
  );
  const bytes = Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
  expect(bytes.subarray(8, 12).toString()).toBe('WEBP');
  expect(bytes.length).toBeLessThan(150_000);
  if (process.env['WRITE_SCREENSHOTS'] === 'true')
    writeFileSync(join(PICTURES, `status-${name}.webp`), bytes);
}

async function take(
  server: StatusServer,
  name: string,
  path: string,
  options: BrowserContextOptions,
): Promise<void> {
  await withPage(options, async (page) => {
    await page.goto(server.url + path);
    if (!path.includes('job=')) await page.waitForSelector('#charts[data-drawn] canvas');
    expect(await accessibilityFaults(page)).toEqual([]);
    await picture(page, name);
  });
}

test('pictures of a fleet: wide, dark, on a phone, a project, a job, and without a broker', async () => {
  const server = await serveStatus(fleetOf(30, Date.now()));
  try {
    const fresh = (): void => {
      server.show(fleetOf(30, Date.now()));
    };
    await take(server, 'wide', '', WIDE);
    fresh();
    await take(server, 'dark', '', { ...WIDE, colorScheme: 'dark' });
    fresh();
    await take(server, 'phone', '', PHONE);
    fresh();
    await take(server, 'project', '?project=research', WIDE);
    fresh();
    await take(server, 'job', '?run=r-4&job=j-4', WIDE);
    await withPage(WIDE, async (page) => {
      await page.goto(server.url);
      server.show({ kind: 'unavailable', reason: 'the broker is away' });
      await page.getByRole('heading', { name: 'There is no current page now' }).waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await picture(page, 'away');
    });
  } finally {
    server.close();
  }
});

test('10,000 jobs: a picture, and how soon it is painted', async () => {
  const server = await serveStatus(fleetOf(JOBS, Date.now()), TREND_MS);
  try {
    await take(server, 'large', '', WIDE);
    const paintedMs: number[] = [];
    for (let load = 0; load < LOADS; load++) {
      paintedMs.push(
        await withPage(WIDE, async (page) => {
          await page.goto(server.url);
          return page.evaluate<number>(
            `new Promise((resolve) => new PerformanceObserver((list) => resolve(list.getEntriesByName('first-contentful-paint')[0].startTime)).observe({ type: 'paint', buffered: true }))`,
          );
        }),
      );
    }
    const sorted = paintedMs.sort((a, b) => a - b);
    const at = (part: number): string => (sorted[Math.floor(LOADS * part)] ?? NaN).toFixed(0);
    console.log(
      `first contentful paint of ${JOBS} jobs: ${at(0.5)} ms at the median, ${at(0.95)} ms at the 95th percentile`,
    );
    // A figure to read, on a machine that does nothing else: it is no test.
    expect(sorted.filter((ms) => ms > 0)).toHaveLength(LOADS);
  } finally {
    server.close();
  }
});
