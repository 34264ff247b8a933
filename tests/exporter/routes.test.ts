/** `/metrics` and `/v1/sd` over HTTP: formats, tags, parts of a page, moments, refusals. */
import { gunzipSync } from 'node:zlib';
import { get as httpGet } from 'node:http';
import { readPage } from '../support/page-series';
import { instanceStarted, jobProvisioned, jobSubmitted, runSubmitted, type Told } from '../support/told';
import { openReplica, openWorld, type Replica, type World } from './world';

const NOW = Date.UTC(2026, 10, 24, 8);
const AHEAD = NOW + 60_000;
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Two projects, and facts of many keys, so that each partition and each shard has some. */
function fleet(): Told[] {
  const instances = Array.from({ length: 12 }, (_, index) => ({
    ...instanceStarted(`i${index}`, {
      project: index % 3 === 0 ? 'side' : 'main',
      price: { dollars_per_hour: 1 },
    }),
    atMs: NOW - 60_000,
  }));
  const job = [runSubmitted('r'), jobSubmitted('j'), jobProvisioned('j')].map((each) => ({
    ...each,
    atMs: NOW - 50_000,
  }));
  return [...instances, ...job];
}

let world: World;
let replicas: readonly [Replica, Replica];
beforeEach(async () => {
  world = await openWorld();
  replicas = [await openReplica(world.store), await openReplica(world.store)];
});
afterEach(async () => {
  for (const replica of replicas) replica.close();
  await world.close();
});

/** As it comes over the wire. */
function rawBody(
  url: string,
  headers: Record<string, string>,
): Promise<{ encoding: string | undefined; body: Buffer }> {
  return new Promise((resolve, reject) => {
    httpGet(url, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });
}

describe('a page', () => {
  test('is text, or OpenMetrics to its end where that is asked for', async () => {
    await world.commit(NOW, fleet());
    const text = await replicas[0].get('/metrics');
    expect([text.status, text.headers.get('content-type')]).toEqual([200, TEXT]);
    expect(text.body).toContain('\ndstack_instance_price_dollars_per_hour{');
    expect(text.body).not.toContain('# EOF');
    const openmetrics = await replicas[0].get('/metrics', {
      accept: 'application/openmetrics-text;version=1.0.0',
    });
    expect([openmetrics.status, openmetrics.headers.get('content-type')]).toEqual([200, OPENMETRICS]);
    expect(openmetrics.body.endsWith('\n# EOF\n')).toBe(true);
    expect(openmetrics.body.match(/# EOF/g)).toHaveLength(1);
    expect(openmetrics.headers.get('etag')).not.toBe(text.headers.get('etag'));
    expect(text.headers.get('vary')).toBe('accept, accept-encoding');
  });

  test('is gzipped where that is accepted, to the same bytes', async () => {
    await world.commit(NOW, fleet());
    const { body } = await replicas[0].get('/metrics');
    const url = `${replicas[0].url}/metrics`;
    const zipped = await rawBody(url, { 'accept-encoding': 'gzip' });
    expect(zipped.encoding).toBe('gzip');
    expect(gunzipSync(zipped.body).toString()).toBe(body);
    expect(await rawBody(url, { 'accept-encoding': 'gzip;q=0' })).toEqual({
      encoding: undefined,
      body: Buffer.from(body),
    });
    expect(await rawBody(url, {})).toEqual({ encoding: undefined, body: Buffer.from(body) });
  });

  test('of the same versions has one tag and the same bytes from any replica, and 304 for the tag', async () => {
    await world.commit(NOW, fleet());
    const [one, other] = await Promise.all(replicas.map((replica) => replica.get('/metrics')));
    expect(one?.body).toBe(other?.body);
    const etag = one?.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{10,}"$/);
    expect(other?.headers.get('etag')).toBe(etag);
    for (const held of [etag, `W/${etag}`, `"another", ${etag}`, '*']) {
      const unchanged = await replicas[1].get('/metrics', { 'if-none-match': held });
      expect([unchanged.status, unchanged.body, unchanged.headers.get('etag')]).toEqual([304, '', etag]);
    }
    expect((await replicas[1].get('/metrics', { 'if-none-match': '"another"' })).status).toBe(200);
    await world.commit(NOW + 1000);
    const later = await replicas[0].get('/metrics', { 'if-none-match': etag });
    expect(later.status).toBe(200);
    expect(later.headers.get('etag')).not.toBe(etag);
    expect(readPage(later.body).get('fleetmeter_page_timestamp_seconds{}')).toBe(NOW / 1000 + 1);
  });

  test('?project has the series of that project alone', async () => {
    await world.commit(NOW, fleet());
    const of = (body: string) => [...readPage(body).keys()].filter((key) => key.includes('project_name='));
    const whole = of((await replicas[0].get('/metrics')).body);
    const part = of((await replicas[0].get('/metrics?project=side')).body);
    expect(part).toEqual(whole.filter((key) => key.includes('project_name="side"')));
    expect(part.filter((key) => key.startsWith('dstack_instance_gpu_count{'))).toHaveLength(4);
    expect(of((await replicas[0].get('/metrics?project=none')).body)).toEqual([]);
  });

  test('?shard parts are disjoint and together the whole page', async () => {
    await world.commit(NOW, fleet());
    const whole = readPage((await replicas[0].get('/metrics')).body);
    const together = new Map<string, number>();
    for (const shard of [0, 1, 2]) {
      const part = readPage((await replicas[shard % 2]?.get(`/metrics?shard=${shard}&shards=3`))?.body ?? '');
      expect(part.size).toBeLessThan(whole.size);
      for (const [key, value] of part) {
        expect([key, together.has(key)]).toEqual([key, false]);
        together.set(key, value);
      }
    }
    expect([...together].sort()).toEqual([...whole].sort());
  });

  test('?at is of that moment, to the byte from any replica', async () => {
    await world.commit(NOW, fleet());
    const at = `/metrics?at=${new Date(NOW + 3_600_000).toISOString()}`;
    const [one, other] = await Promise.all(replicas.map((replica) => replica.get(at)));
    expect(one?.status).toBe(200);
    expect(one?.body).toBe(other?.body);
    const page = readPage(one?.body ?? '');
    expect(page.get('fleetmeter_page_timestamp_seconds{}')).toBe(NOW / 1000 + 3600);
    const cost = [...page].find(([key]) => key.startsWith('fleetmeter_instance_cost_dollars_total{'));
    expect(cost?.[1]).toBe(1.016666666);
  });
});

describe('what can not be answered', () => {
  test.each([
    ['not a time', '/metrics?at=yesterday', /^at: yesterday/],
    ['before page time', `/metrics?at=${new Date(NOW - 1).toISOString()}`, /^at: .*page time/],
    ['a shard beyond', '/metrics?shard=3&shards=3', /^shard/],
    ['no count of shards', '/v1/sd?shards=0', /^shards/],
    ['too many shards', '/v1/sd?shards=1025', /^shards/],
  ])('%s: 400 by name', async (_, path, detail) => {
    await world.commit(NOW, fleet());
    const { status, body } = await replicas[0].get(path);
    expect([status, JSON.parse(body)]).toEqual([
      400,
      { error: 'Bad Request', reason: 'invalid_query', detail: expect.stringMatching(detail) as string },
    ]);
  });

  test('?at before the newest event, which may be ahead of page time', async () => {
    await world.commit(NOW, [...fleet(), { ...instanceStarted('ahead'), atMs: AHEAD }]);
    const { status, body } = await replicas[0].get(`/metrics?at=${new Date(AHEAD - 1).toISOString()}`);
    expect(status).toBe(400);
    expect(body).toContain('"detail":"at: 2026-11-24T08:00:59.999Z');
    expect(body).toContain('the newest event');
    expect((await replicas[0].get(`/metrics?at=${new Date(AHEAD).toISOString()}`)).status).toBe(200);
  });

  test('a store with nothing in it: 503 with the reason, and when to come back', async () => {
    const { status, headers, body } = await replicas[0].get('/metrics');
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(JSON.parse(body)).toMatchObject({
      reason: 'not_current',
      detail: expect.stringContaining('partition 0') as string,
    });
    expect((await replicas[0].metrics.scrapes.get()).values).toEqual([{ labels: { code: '503' }, value: 1 }]);
    await world.commit(NOW);
    expect((await replicas[0].get('/metrics')).status).toBe(200);
  });

  test('a state that is not of its log any more: 503 with what happened', async () => {
    await world.commit(NOW, fleet());
    await replicas[0].get('/metrics');
    await world.commit(NOW + 1000, [], { diverged: 'the record at 4 is another' });
    for (const replica of replicas) {
      const { status, body } = await replica.get('/metrics');
      expect(status).toBe(503);
      expect(body).toMatch(/diverged: the record at 4 is another.*fleetmeter replay/);
    }
    await world.commit(NOW + 2000);
    for (const replica of replicas) expect((await replica.get('/metrics')).status).toBe(200);
  });

  test('a scrape without the token, or with another: 401', async () => {
    await world.commit(NOW);
    const guarded = await openReplica(world.store, 'sesame');
    for (const path of ['/metrics', '/v1/sd']) {
      expect((await guarded.get(path)).status).toBe(401);
      expect((await guarded.get(path, { authorization: 'Bearer sesam' })).status).toBe(401);
      expect((await guarded.get(path, { authorization: 'Bearer sesame' })).status).toBe(200);
      const basic = `Basic ${Buffer.from('prometheus:sesame').toString('base64')}`;
      expect((await guarded.get(path, { authorization: basic })).status).toBe(200);
    }
    guarded.close();
  });
});

test('/v1/sd has a target a shard, at the address that was asked', async () => {
  const { status, headers, body } = await replicas[0].get('/v1/sd?shards=2');
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
  const targets = [new URL(replicas[0].url).host];
  expect(JSON.parse(body)).toEqual([
    { targets, labels: { __param_shard: '0', __param_shards: '2', fleetmeter_shard: '0' } },
    { targets, labels: { __param_shard: '1', __param_shards: '2', fleetmeter_shard: '1' } },
  ]);
  expect(JSON.parse((await replicas[0].get('/v1/sd')).body)).toHaveLength(1);
});

test.each([
  ['http://fleet.example.org:8080', { target: 'fleet.example.org:8080', labels: {} }],
  ['https://fleet.example.org/', { target: 'fleet.example.org', labels: { __scheme__: 'https' } }],
  [
    'https://example.org/tools/fleet/',
    {
      target: 'example.org',
      labels: { __scheme__: 'https', __metrics_path__: '/tools/fleet/metrics' },
    },
  ],
])('/v1/sd of a server that is reached at %s', async (publicUrl, { target, labels }) => {
  const known = await openReplica(world.store, undefined, new URL(publicUrl));
  expect(JSON.parse((await known.get('/v1/sd')).body)).toEqual([
    {
      targets: [target],
      labels: { ...labels, __param_shard: '0', __param_shards: '1', fleetmeter_shard: '0' },
    },
  ]);
  known.close();
});
