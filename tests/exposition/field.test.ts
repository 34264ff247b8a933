/**
 * From an exporter's page to ours, through a real server: each valid value of a job's is there once, each
 * sentinel absent.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent } from '../../events/codec';
import { CONTENT_TYPES, type Format } from '../../services/page/format';
import { prometheusKey, scrapePages } from '../support/prometheus';
import { provide } from '../support/provide';
import { parseWithPython } from '../support/python';
import { post, startServer, until, type Server } from '../support/server';
import { jobProvisioned, jobSubmitted, tell } from '../support/told';
import { fieldPages } from './field-pages';
import { HABITS, type Habit } from './habits';

const COLLECTED = fieldPages();
/** A job each, by their place here. */
const POSTED: readonly (Partial<Habit> & Pick<Habit, 'name' | 'text'>)[] = [...COLLECTED, ...HABITS];
const PATIENCE_MS = 30_000;

const statuses = new Map<string, number>();
let dir: string;
let server: Server;
let text: string;
let openmetrics: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-field-'));
  server = await startServer({ FLEETMETER_DATA_DIR: join(dir, 'data'), FLEETMETER_GPU_FIELDS: 'all' });
  const atMs = Date.now() - 1000;
  const told = POSTED.flatMap((_, i) => [jobSubmitted(jobOf(i)), jobProvisioned(jobOf(i), { id: 'i' })]);
  const answer = await post(
    server.url,
    told.map((each) => encodeEvent(tell({ ...each, atMs }))),
  );
  expect(answer.status).toBe(202);
  for (const [
    i,
    { name, exporter = 'dcgm', contentType = CONTENT_TYPES.text, text: body },
  ] of POSTED.entries()) {
    const path = `/v1/telemetry/${exporter}?job=${jobOf(i)}&run=r`;
    const headers = { 'content-type': contentType };
    const { status } = await fetch(server.url + path, { method: 'POST', headers, body });
    statuses.set(name, status);
  }
  const isShown = (page: string, i: number): boolean => shownOf(i, page).length > 0;
  const expected = POSTED.flatMap(({ shown }, i) => (shown?.length === 0 ? [] : [i]));
  await until(
    async () => {
      const page = await pageIn('text');
      return expected.every((i) => isShown(page, i));
    },
    PATIENCE_MS,
    () => 'not all pages are shown',
  );
  [text, openmetrics] = [await pageIn('text'), await pageIn('openmetrics')];
}, 120_000);

afterAll(async () => {
  await server.kill();
  rmSync(dir, { recursive: true, force: true });
});

function jobOf(index: number): string {
  return `j${String(index).padStart(3, '0')}`;
}

async function pageIn(format: Format): Promise<string> {
  return (await fetch(`${server.url}/metrics`, { headers: { accept: CONTENT_TYPES[format] } })).text();
}

/** The lines of a page that bear the job's labels, of the exporters' families and those derived from them. */
function shownOf(index: number, page: string): string[] {
  const bears = `dstack_job_id="${jobOf(index)}"`;
  return page
    .split('\n')
    .filter((line) => line.includes(bears) && !/^(?:dstack|fleetmeter_(?!gpu_))/.test(line));
}

interface Value {
  readonly name: string;
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
}

/** The samples of a page, read by other means than the reader that is tried. */
function samplesOf(text: string): Value[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
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

const theirs = ({ labels, ...value }: Value) => ({
  ...value,
  labels: labels.filter(([name]) => !/^(?:dstack|fleetmeter)_/.test(name)),
});

test.each(COLLECTED)('$name', ({ name, text: body }) => {
  const given = samplesOf(body);
  expect(given.length).toBeGreaterThan(0);
  expect(statuses.get(name)).toBe(202);
  const lines = shownOf(indexOf(name), text).filter((line) => !line.startsWith('fleetmeter_'));
  const key = (value: Value): string =>
    JSON.stringify([prometheusKey(value.name, theirs(value).labels), value.value]);
  expect(samplesOf(lines.join('\n')).map(key).sort()).toEqual(
    given
      .filter((value) => !isBlank(value))
      .map(key)
      .sort(),
  );
});

test.each(HABITS)('$name', ({ name, status = 202, shown }) => {
  expect(statuses.get(name)).toBe(status);
  const lines = shownOf(indexOf(name), text);
  // The job's labels come last.
  expect(lines.map((line) => line.replace(/,?dstack_project_name=.*dstack_gpu="[^"]*"/, '')).sort()).toEqual(
    [...shown].sort(),
  );
});

function indexOf(name: string): number {
  return POSTED.findIndex((page) => page.name === name);
}

test('each family has HELP and TYPE of its exporter, or of the catalogue', () => {
  // Of the first job that has it, whose page says nothing of it.
  expect(text).toContain(
    '# HELP DCGM_FI_DEV_SM_CLOCK Clock of the streaming multiprocessors, MHz\n# TYPE DCGM_FI_DEV_SM_CLOCK gauge\n',
  );
  expect(text).toContain('# HELP om_clock_hertz clock\n# TYPE om_clock_hertz gauge\n');
  expect(text).toContain('# HELP crlf told\n# TYPE crlf gauge\n');
  expect(text).toContain('# HELP odd two\n# TYPE odd counter\n');
});

test('promtool takes the page', async () => {
  const [command, ...first] = (await provide('promtool')).argv;
  const { status, stderr } = spawnSync(command, [...first, 'check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  // 3: it would name metrics otherwise.
  expect([status === 3 ? 0 : status, stderr.match(/.*error.*/g)]).toEqual([0, null]);
}, 60_000);

test("Python's parsers take it in both formats", () => {
  const parsed = parseWithPython([
    { format: 'text', page: text },
    { format: 'openmetrics', page: openmetrics },
  ]);
  const counts = parsed.map((page) => ('refused' in page ? page.refused : page.series.length));
  expect(counts).toEqual([samplesOf(text).length, samplesOf(openmetrics).length]);
}, 60_000);

test('Prometheus scrapes it in both formats, and reads what is written', async () => {
  const offered = new Map<string, { readonly format: Format; readonly body: string }>([
    ['text', { format: 'text', body: text }],
    ['openmetrics', { format: 'openmetrics', body: openmetrics }],
  ]);
  const scraped = await scrapePages(offered);
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
