/**
 * The status page as a person meets it: in Chromium, wide and on a phone, light and dark, by keyboard, live.
 */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { accessibilityFaults, openBrowser } from '../support/browser';
import { fleetOf, serveStatus, type StatusServer } from '../support/status-fleet';

jest.setTimeout(60_000);

let browser: Browser;
let server: StatusServer;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
});
beforeEach(async () => {
  server = await serveStatus(fleetOf(30, Date.now()));
});
afterEach(() => {
  server.close();
});

async function look<T>(
  see: (page: Page) => Promise<T>,
  { path = '', ...options }: BrowserContextOptions & { readonly path?: string } = {},
): Promise<T> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => void faults.push(error.message));
  await page.goto(server.url + path);
  const seen = await see(page);
  expect(faults).toEqual([]);
  await context.close();
  return seen;
}

const PHONE = { viewport: { width: 390, height: 844 } };

test.each<[string, BrowserContextOptions & { path?: string }]>([
  ['wide and light', { colorScheme: 'light' }],
  ['wide and dark', { colorScheme: 'dark' }],
  ['on a phone', PHONE],
  ['a project', { path: '?project=research' }],
  ['a job', { path: '?run=r-4&job=j-4' }],
])('%s: nothing that axe-core finds, and nothing is wider than the window', async (_, options) => {
  await look(async (page) => {
    if (options.path?.includes('job=') !== true) await page.waitForSelector('#charts[data-drawn] canvas');
    expect(await accessibilityFaults(page)).toEqual([]);
    const [wide, window] = await page.evaluate<[number, number]>(
      '[document.documentElement.scrollWidth, innerWidth]',
    );
    expect(wide).toBeLessThanOrEqual(window);
  }, options);
});

test('it changes as the fleet does, without being loaded anew, and the focus stays', async () => {
  await look(async (page) => {
    await page.evaluate('window.stays = true');
    await page.getByRole('link', { name: 'train-0-0-0' }).focus();
    server.show(fleetOf(3, Date.now()));
    await page.getByText('1 more jobs').waitFor({ state: 'detached' });
    await page.getByText('2 waiting, starting or ending').waitFor({ state: 'detached' });
    await page.getByText('$40.50', { exact: false }).first().waitFor();
    expect(await page.evaluate('[window.stays, document.activeElement?.textContent.trim()]')).toEqual([
      true,
      'train-0-0-0',
    ]);
    server.show({ kind: 'unavailable', reason: 'the broker is away' });
    await page.getByRole('heading', { name: 'There is no current page now' }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

test('from the fleet to a project, a user and a job, by keyboard', async () => {
  await look(async (page) => {
    await page.getByLabel('Project').fill('main');
    await page.keyboard.press('Enter');
    await page.waitForURL(/project=main/);
    expect(await page.getByRole('cell', { name: 'research' }).count()).toBe(0);
    await page.getByRole('link', { name: 'train-0-0-0' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /Job train-0-0-0/ }).waitFor();
    expect(await page.getByText('p5.48xlarge').count()).toBeLessThanOrEqual(1);
  });
});

test('a job that was forgotten stands on top, with what ended', async () => {
  await look(async (page) => {
    const alert = page.getByRole('alert').filter({ hasText: '1 orphaned job' });
    expect(await alert.innerText()).toContain('its run ended 30 min');
  });
});

test('without scripts it says the same', async () => {
  await look(
    async (page) => {
      expect(await page.getByRole('heading', { name: 'Top jobs by cost' }).count()).toBe(1);
    },
    { javaScriptEnabled: false },
  );
});
