/** The collector against exporters of its own: what they say becomes events, each in its rhythm. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openCollector, type Collector, type CollectorOptions } from '../../services/collector/collector';
import { openFetcher } from '../../services/http/fetcher';
import { openCollectorMetrics } from '../../services/collector/metrics';
import type { Delivery } from '../../services/collector/outbox';
import { fileSource, httpSource } from '../../services/collector/source';
import { until } from '../support/server';
import { startExporter, type Exporter } from './exporters';

const PATIENCE_MS = 10_000;
const FETCHING = { timeoutMs: 1000, bodyBytes: 100_000, heldBytes: 1_000_000 };

interface Sent {
  readonly source: string;
  readonly time: string;
  readonly data: {
    readonly exporter: string;
    readonly instance?: { readonly id: string };
    readonly families: object;
    readonly series: { readonly labels: Record<string, string>; readonly values: Record<string, number> }[];
  };
}

let dir: string;
let targets: string;
const exporters: Exporter[] = [];
const collectors: Collector[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-collector-'));
  targets = join(dir, 'targets.json');
});
afterEach(async () => {
  await Promise.all(collectors.splice(0).map((collector) => collector.close()));
  await Promise.all(exporters.splice(0).map((exporter) => exporter.close()));
  rmSync(dir, { recursive: true, force: true });
});

async function exporter(answer: (response: ServerResponse) => void): Promise<Exporter> {
  const started = await startExporter(answer);
  exporters.push(started);
  return started;
}

function list(groups: readonly (readonly [Exporter, string, object?])[]): string {
  return JSON.stringify(
    groups.map(([{ address }, instance, labels]) => ({
      targets: [address],
      labels: { instance, ...labels },
    })),
  );
}

function start(options: Partial<CollectorOptions> = {}) {
  const sent: Sent[] = [];
  const said: { readonly msg: string; readonly detail?: string; readonly problem?: string }[] = [];
  const metrics = openCollectorMetrics();
  const collector = openCollector({
    sources: [fileSource(targets)],
    fetcher: openFetcher(FETCHING),
    authorization: () => ({}),
    intervalMs: 100,
    lagMs: 0,
    fields: 'all',
    deliver: (events): Promise<Delivery> => {
      sent.push(...events.map((event) => JSON.parse(event) as Sent));
      return Promise.resolve({ kind: 'delivered', rejected: [] });
    },
    logger: pino({}, { write: (line: string) => void said.push(JSON.parse(line) as (typeof said)[number]) }),
    metrics,
    now: Date.now,
    ...options,
  });
  collectors.push(collector);
  return {
    collector,
    sent,
    said,
    /** The value of one of its metrics. */
    async metric(name: string): Promise<number> {
      const page = await metrics.registry.metrics();
      const line = page.split('\n').find((each) => each.startsWith(`fleetmeter_process_collector_${name} `));
      return Number(line?.split(' ').at(-1) ?? NaN);
    },
    until: (condition: () => boolean | Promise<boolean>) =>
      until(condition, PATIENCE_MS, () => `not yet; said ${JSON.stringify(said)}`),
  };
}

test('pages become events of the moment before they were asked for', async () => {
  const one = await exporter((response) =>
    response.end('# TYPE a gauge\na{gpu="0"} 1\nb{gpu="0"} NaN\nc{\n'),
  );
  writeFileSync(targets, list([[one, 'i-1', { exporter: 'x' }]]));
  const { sent, until: wait, metric } = start({ lagMs: 30_000 });
  const beforeMs = Date.now();
  await wait(() => sent.length >= 3);
  const [event] = sent;
  expect(event).toMatchObject({
    source: '/fleetmeter/collector',
    subject: 'i-1',
    data: {
      instance: { id: 'i-1' },
      exporter: 'x',
      families: { a: { type: 'gauge' } },
      series: [{ labels: { gpu: '0' }, values: { a: 1 } }],
    },
  });
  const ageMs = Date.now() - Date.parse(event?.time ?? '');
  expect(ageMs).toBeGreaterThanOrEqual(30_000);
  expect(Date.parse(event?.time ?? '')).toBeGreaterThanOrEqual(beforeMs - 30_000);
  expect(await metric('left_out_total{cause="not_a_number"}')).toBeGreaterThanOrEqual(3);
  expect(await metric('left_out_total{cause="bad_line"}')).toBeGreaterThanOrEqual(3);
  expect(await metric('values_total')).toBeGreaterThanOrEqual(3);
});

test('of dcgm only the fields that are asked for, of others all', async () => {
  const page = 'DCGM_FI_DEV_GPU_TEMP{gpu="0"} 30\nDCGM_FI_DEV_SLOWDOWN_TEMP{gpu="0"} 90\n';
  const one = await exporter((response) => response.end(page));
  writeFileSync(
    targets,
    list([
      [one, 'i'],
      [one, 'k', { exporter: 'other' }],
    ]),
  );
  const { sent, until: wait } = start({ fields: new Set(['DCGM_FI_DEV_GPU_TEMP']) });
  const valuesOf = (id: string) => sent.find(({ data }) => data.instance?.id === id)?.data.series[0]?.values;
  await wait(() => valuesOf('i') !== undefined && valuesOf('k') !== undefined);
  expect(valuesOf('i')).toEqual({ DCGM_FI_DEV_GPU_TEMP: 30 });
  expect(valuesOf('k')).toEqual({ DCGM_FI_DEV_GPU_TEMP: 30, DCGM_FI_DEV_SLOWDOWN_TEMP: 90 });
});

test('OpenMetrics is told by its content type', async () => {
  const one = await exporter((response) => {
    response
      .setHeader('content-type', 'application/openmetrics-text; version=1.0.0')
      .end('# TYPE c counter\nc_total 1\n# EOF\n');
  });
  writeFileSync(targets, list([[one, 'i', { exporter: 'x' }]]));
  const { sent, until: wait } = start();
  await wait(() => sent.length > 0);
  expect(sent[0]?.data.families).toEqual({ c_total: { type: 'counter', help: '' } });
});

test('the file is followed: new targets come, old ones go, what is broken changes nothing', async () => {
  const [one, two] = [
    await exporter((response) => response.end('a 1\n')),
    await exporter((response) => response.end('a 2\n')),
  ];
  writeFileSync(targets, list([[one, 'one']]));
  const { sent, said, until: wait, metric, collector } = start();
  expect(collector.trouble()).toBe('not all sources of targets have been read yet');
  const seen = (id: string): number => sent.filter(({ data }) => data.instance?.id === id).length;
  await wait(() => seen('one') > 0);
  expect(collector.trouble()).toBeUndefined();
  writeFileSync(targets, '{ broken');
  await wait(() => said.some(({ msg }) => msg.startsWith('targets are not readable')));
  const before = seen('one');
  await wait(() => seen('one') > before);
  writeFileSync(targets, `${list([[two, 'two']]).slice(0, -1)},{"targets":["x:1"]}]`);
  await wait(() => seen('two') > 0);
  expect(said.at(-1)).toMatchObject({
    msg: 'no target',
    problem: expect.stringContaining('group 2: labels') as string,
  });
  const asked = one.requests.length;
  const afterwards = seen('two');
  await wait(() => seen('two') > afterwards + 3);
  expect(one.requests.length).toBe(asked);
  expect([await metric('targets'), await metric('targets_up')]).toEqual([1, 1]);
}, 30_000);

test('HTTP service discovery', async () => {
  const one = await exporter((response) => response.end('a 1\n'));
  const discovery = await exporter((response) => response.end(list([[one, 'i']])));
  const fetcher = openFetcher(FETCHING);
  const { sent, until: wait } = start({ fetcher, sources: [httpSource(discovery.url, fetcher)] });
  await wait(() => sent.length > 0);
  expect(discovery.requests[0]?.headers.accept).toBe('application/json');
});

test('a target that is down is said once, counted, and found again', async () => {
  let status = 500;
  const one = await exporter((response) => response.writeHead(status).end('a 1\n'));
  const html = await exporter((response) => response.end('<html>\n'));
  writeFileSync(
    targets,
    list([
      [one, 'i'],
      [html, 'k'],
    ]),
  );
  const { sent, said, until: wait, metric } = start();
  await wait(async () => (await metric('scrapes_total{result="status"}')) >= 3);
  await wait(async () => (await metric('scrapes_total{result="invalid_exposition"}')) >= 2);
  expect([await metric('targets'), await metric('targets_up'), sent.length]).toEqual([2, 0, 0]);
  status = 200;
  await wait(async () => (await metric('targets_up')) === 1 && sent.length > 0);
  expect(
    said
      .filter(({ msg }) => msg !== 'targets')
      .map(({ msg, detail }) => [msg, detail])
      .sort(),
  ).toEqual([
    ['a target is down', 'answered 500, expected 200'],
    ['a target is down', 'no line of the page could be read'],
    ['a target is up again', undefined],
  ]);
}, 30_000);

test('a bearer token goes to the targets; one that cannot be read is a fault of the scrape', async () => {
  const one = await exporter((response) => response.end('a 1\n'));
  writeFileSync(targets, list([[one, 'i']]));
  const tokens: string[] = [];
  const {
    sent,
    until: wait,
    metric,
  } = start({
    authorization: () => {
      const [token] = tokens;
      if (token === undefined) throw new Error('ENOENT');
      return { authorization: `Bearer ${token}` };
    },
  });
  await wait(async () => (await metric('scrapes_total{result="token"}')) > 0);
  expect(one.requests).toEqual([]);
  tokens.push('t');
  await wait(() => sent.length > 0);
  expect(one.requests[0]?.headers.authorization).toBe('Bearer t');
});

test('while the log takes nothing it is not ready, and that is said once', async () => {
  const one = await exporter((response) => response.end('a 1\n'));
  writeFileSync(targets, list([[one, 'i']]));
  const {
    until: wait,
    collector,
    said,
  } = start({ deliver: () => Promise.resolve({ kind: 'unavailable', detail: 'away' }) });
  await wait(() => collector.trouble() === 'the log takes no events');
  expect(said.filter(({ msg }) => msg === 'the log takes no events')).toHaveLength(1);
});

test('it closes while an exporter keeps it waiting, and leaves no request behind', async () => {
  const silent = await exporter(() => undefined);
  writeFileSync(targets, list([[silent, 'i']]));
  const fetcher = openFetcher({ ...FETCHING, timeoutMs: 600_000 });
  const { until: wait, collector, said } = start({ fetcher });
  await wait(() => silent.requests.length > 0);
  await collector.close();
  expect(said.filter(({ msg }) => msg === 'a target is down')).toEqual([]);
});
