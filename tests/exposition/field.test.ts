/** From an exporter's page in the field to ours: posted to a job, each valid value is there once, each sentinel absent. */
import { spawnSync } from 'node:child_process';
import { encodeEvent } from '../../events/codec';
import type { Format } from '../../services/page/format';
import { NOW_MS, startGateway } from '../gateway/support/server';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';
import { prometheusKey, scrapePages } from '../support/prometheus';
import { provide } from '../support/provide';
import { jobProvisioned, jobSubmitted, tell } from '../support/told';
import { fieldPages } from './field-pages';

const SECOND = 1000;
/** What our page is of a posted one. */
const pages = new Map<
  string,
  { readonly text: string; readonly openmetrics: string; readonly status: number }
>();

beforeAll(async () => {
  const gateway = await startGateway({ gpuFields: 'all' });
  for (const { name, text } of fieldPages()) {
    gateway.log.records.splice(0);
    const { status } = await gateway.post('/v1/telemetry/dcgm?job=j&run=r', text, {
      'content-type': 'text/plain',
    });
    const told = [jobSubmitted('j'), jobProvisioned('j', { id: 'i' })].map((each) =>
      encodeEvent(tell({ ...each, atMs: NOW_MS - SECOND })),
    );
    const folded = foldLines(
      [...told, ...gateway.log.records.map(({ value }) => value.toString())],
      DEFAULT_SETTINGS,
    );
    pages.set(name, { status, text: pageOf(folded, 'text'), openmetrics: pageOf(folded, 'openmetrics') });
  }
  await gateway.close();
}, 30_000);

interface Value {
  readonly name: string;
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
}

/** The samples of a page, read by other means than the reader that is tried. */
function samplesOf(text: string): Value[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, key = '', of = '']) => [key, JSON.parse(`"${of}"`) as string] as const,
    );
    return [{ name, labels: pairs, value: Number(value) }];
  });
}

/** DCGM's blanks of each width (int32, fp64, int64), four each, and what it has for them in GPU_UTIL. */
function isBlank({ name, value }: Value): boolean {
  const blank =
    [2 ** 31 - 16, 2 ** 47].some((first) => value >= first && value <= first + 3) || value >= 2 ** 63;
  return Number.isNaN(value) || blank || (name === 'DCGM_FI_DEV_GPU_UTIL' && value === 2 ** 32 - 1);
}

const OURS = /^(?:dstack|fleetmeter)_/;
const theirs = ({ labels, ...value }: Value) => ({
  ...value,
  labels: labels.filter(([name]) => !OURS.test(name)),
});

test.each(fieldPages())('$name', ({ name, text }) => {
  const given = samplesOf(text);
  expect(given.length).toBeGreaterThan(0);
  const { status, text: page } = pages.get(name)!;
  expect(status).toBe(202);
  const shown = samplesOf(page).filter(({ name: of }) => !OURS.test(of));
  const key = (value: Value): string =>
    JSON.stringify([prometheusKey(value.name, theirs(value).labels), value.value]);
  expect(shown.map(key).sort()).toEqual(
    given
      .filter((value) => !isBlank(value))
      .map(key)
      .sort(),
  );
  for (const { labels } of shown)
    expect(labels.slice(-11).map(([label]) => label)).toContain('dstack_job_id');
});

test('each family has HELP and TYPE of its exporter, or of the catalogue', () => {
  const { text } = pages.get('a blank after a comma, families without HELP or TYPE, a line of markdown')!;
  expect(text).toContain(
    '# HELP DCGM_FI_DEV_SM_CLOCK Clock of the streaming multiprocessors, MHz\n# TYPE DCGM_FI_DEV_SM_CLOCK gauge\n',
  );
});

test('promtool takes the pages', async () => {
  const [command, ...first] = (await provide('promtool')).argv;
  for (const [name, { text }] of pages) {
    const { status, stderr } = spawnSync(command, [...first, 'check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    // 3: it would name metrics otherwise.
    expect([name, status === 3 ? 0 : status, stderr.match(/.*error.*/g)]).toEqual([name, 0, null]);
  }
}, 60_000);

test('Prometheus scrapes them in both formats, and reads what is written', async () => {
  const offered: (readonly [string, { readonly format: Format; readonly body: string }])[] = [
    ...pages.values(),
  ].flatMap(({ text, openmetrics }, i) => [
    [`text-${String(i)}`, { format: 'text', body: text }],
    [`openmetrics-${String(i)}`, { format: 'openmetrics', body: openmetrics }],
  ]);
  const scraped = await scrapePages(new Map(offered));
  for (const [name, { body }] of offered) {
    const { health, lastError, series } = scraped.get(name)!;
    expect([name, health, lastError]).toEqual([name, 'up', '']);
    const written = samplesOf(body).map(
      ({ name: of, labels, value }) => [prometheusKey(of, labels), value] as const,
    );
    expect(written.filter(([key, value]) => series.get(key) !== value)).toEqual([]);
    expect(series.size).toBe(written.length);
  }
}, 120_000);
