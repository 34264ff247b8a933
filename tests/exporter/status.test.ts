/** The status page, as a document and as `GET /` answers it. */
import { singleTokens } from '../../services/http/access';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { SUM_FAMILIES } from '../../services/catalogue/families';
import { putTotal, seriesKey } from '../../services/catalogue/tally';
import { statusRoutes } from '../../services/exporter/status';
import { writeDocument } from '../../services/exporter/status/document';
import { openProcessMetrics } from '../../services/process/metrics';
import type { Refreshed } from '../../services/exporter/views';
import { openHistory } from '../../services/history/file-fold';
import type { PartitionView } from '../../services/view/view';
import { openLayout } from '../../services/page/layout';
import { summarize } from '../../services/exporter/status/summary';
import { statusPages } from '../support/status-pages';

const NOW = Date.parse('2026-11-24T08:00:12.345Z');
const DAY = 86_400_000;
const SETTINGS = { latenessMs: DAY, dedupeMs: 30 * DAY, sampleTtlMs: 600_000, asOfMs: null };

interface Started {
  readonly project: string;
  readonly gpu?: string;
  readonly source?: string;
}

/** Instances at $36 an hour with 8 GPUs since an hour before page time. */
function viewsOf(started: readonly Started[], pageTimesMs: readonly number[] = [NOW, NOW]) {
  const history = openHistory(SETTINGS, pageTimesMs.length);
  const startMs = Math.max(...pageTimesMs) - 3_600_000;
  for (const [i, { project, gpu = 'H100', source = '/test' }] of started.entries()) {
    const data = {
      project,
      instance: { id: `i-${i}`, name: 'x' },
      resources: { cpus: 8, memory_bytes: 1e9, gpu: { name: gpu, count: 8, memory_bytes: 80e9 } },
      price: { dollars_per_hour: 36 },
      status: 'idle',
    };
    const envelope = { specversion: '1.0', id: String(i), source, time: new Date(startMs).toISOString() };
    const event = { ...envelope, type: 'fleetmeter.instance.started.v1', data };
    expect(history.take(Buffer.from(JSON.stringify(event)))).toBeUndefined();
  }
  const { views } = history.finish();
  for (const [i, view] of views.entries()) view.pageTimeMs = pageTimesMs[i] ?? 0;
  return views;
}

function documentOf(views: readonly PartitionView[]): string {
  return writeDocument({ kind: 'ready', summary: summarize(views, openLayout()) }, NOW);
}

function ready(views: readonly PartitionView[]): Refreshed {
  return { kind: 'ready', views, versions: views.map(() => ({ epoch: 1, counter: 1 })) };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function get(
  refreshed: Refreshed,
  headers: Record<string, string> = {},
  scrapeToken?: string,
): Promise<Answer> {
  const pages = statusPages(() => refreshed);
  const access = singleTokens({ scrape: scrapeToken });
  const metrics = openProcessMetrics();
  const app = new Koa().use(statusRoutes({ pages, metrics, trend: { points: () => [] }, access }).routes());
  const respond = app.callback();
  const server = createServer((req, res) => void respond(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers });
    return { status: response.status, headers: response.headers, body: await response.text() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** What a person reads: without tags and style, blanks made one. */
function textOf(body: string): string {
  return body
    .replace(/<style>.*<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

describe('what is shown', () => {
  test('the figures, by project and in total', () => {
    const text = textOf(documentOf(viewsOf([{ project: 'main' }, { project: 'main' }, { project: 'side' }])));
    expect(text).toContain('Spends now $108.00 /h of it idle $108.00/h');
    expect(text).toContain('Idle share of cost 100.0 %');
    expect(text).toContain('GPUs in jobs 0 of 24 24 idle');
    expect(text).toContain('All projects $108.00/h $108.00 100.0 % $0.00 $0.00 0 of 24 3 idle none none');
    expect(text).toContain('main $72.00/h $72.00 100.0 % $0.00 $0.00 0 of 16 2 idle none none');
    expect(text).toContain('side $36.00/h $36.00 100.0 % $0.00 $0.00 0 of 8 1 idle none none');
    expect(text).toContain('Newest event of each source Source Newest event /test 1 h ago');
    expect(text).toContain('None: every counter shows the ledger.');
  });

  test('one project has no line for all', () => {
    expect(textOf(documentOf(viewsOf([{ project: 'main' }])))).not.toContain('All projects');
  });

  test('what is held, in its unit', () => {
    const views = viewsOf([{ project: 'main' }]);
    const labels = ['main', 'ann', '', '', 'task'];
    for (const [family, units] of [
      ['fleetmeter_usage_gpu_seconds_total', 1500n],
      ['fleetmeter_usage_cost_dollars_total', 2_345_678n],
      ['fleetmeter_jobs_finished_total', 2n],
    ] as const) {
      const view = views[0]!;
      // That it is shown: a partition has something of it, if it is 0.
      putTotal(view.tally, SUM_FAMILIES.get(family)!, labels, [0n]);
      view.holds.set(seriesKey(family, labels), { family, labels, shown: [units] });
    }
    const text = textOf(documentOf(views)).replaceAll('_ ', '_');
    expect(text).toContain('fleetmeter_usage_gpu_seconds_total 1.5 s');
    expect(text).toContain('fleetmeter_usage_cost_dollars_total $0.0023');
    expect(text).toContain('fleetmeter_jobs_finished_total 2 fleetmeter');
  });

  test('links to the other endpoints, relative: they lead there below a prefix too', () => {
    const links = [...documentOf(viewsOf([])).matchAll(/<a href="([^"]*)"/g)].map(([, link]) => link);
    expect(links).toEqual(['metrics', 'metrics/process', 'v1/sd', '-/ready']);
  });

  test('before the first event, what to do', () => {
    const text = textOf(documentOf(viewsOf([])));
    expect(text).toContain('Nothing has happened yet');
    expect(text).toContain('POST /v1/events');
    expect(text).not.toContain('Spends now');
  });

  test('of very many projects and sources a hundred, and how many there are more', () => {
    const started = Array.from({ length: 123 }, (_, i) => ({
      project: `project-${i}`,
      source: `/source/${i}`,
    }));
    const body = documentOf(viewsOf(started));
    expect([...body.matchAll(/>project-\d+</g)]).toHaveLength(100);
    expect([...body.matchAll(/>\/source\/\d+</g)]).toHaveLength(100);
    expect(textOf(body)).toContain('23 more projects that spend less are not listed.');
    expect(textOf(body)).toContain('23 more sources whose newest event is older are not listed.');
    expect(textOf(body)).toContain('All projects $4,428.00/h');
  });
});

describe('whether it is current', () => {
  test('current: page time, its age, and no trouble', () => {
    const body = documentOf(viewsOf([{ project: 'main' }], [NOW - 500, NOW - 2000]));
    expect(textOf(body)).toContain('fleetmeter current page time 2026-11-24 08:00:10 UTC , 2.0 s ago');
    expect(body).not.toContain('role="alert"');
  });

  test('behind: by how much, which partitions, and the figures all the same', () => {
    const views = viewsOf([{ project: 'main' }], [NOW, NOW - 200_000, NOW, NOW - 80_000]);
    const text = textOf(documentOf(views));
    expect(text).toContain('fleetmeter behind page time 2026-11-24 07:56:52 UTC , 3 min 20 s ago');
    expect(text).toContain('The page is 3 min 20 s behind Figures of partitions 1, 3 (of 4)');
    expect(text).toContain('Spends now $36.00');
  });

  test('all of it behind', () => {
    expect(textOf(documentOf(viewsOf([], [NOW - 60_000, NOW - 60_000])))).toContain(
      'Figures of all partitions',
    );
  });

  test('no page: 200 all the same, and the reason on top', async () => {
    const { status, body } = await get({ kind: 'unavailable', reason: 'Redis at <b>host</b>:6379 is away' });
    expect(status).toBe(200);
    expect(body).toContain('<p>Redis at &lt;b&gt;host&lt;/b&gt;:6379 is away</p>');
    expect(textOf(body)).toContain('fleetmeter not current There is no current page now');
    expect(textOf(body)).not.toContain('Spends now');
  });
});

describe('what users write', () => {
  const hostile = [
    '<script>alert(1)</script>',
    `"'><img src=x onerror=alert(1)>`,
    '</style></td></table>',
    '&lt;&amp;',
    '__proto__',
    'team 🚀',
    'x'.repeat(1024),
  ];

  test('is shown as it is, and is never markup', () => {
    const plain = hostile.map((_, i) => ({ project: `p${i}`, gpu: `g${i}`, source: `s${i}` }));
    const body = documentOf(viewsOf(hostile.map((text) => ({ project: text, gpu: text, source: text }))));
    expect(tagsOf(body)).toEqual(tagsOf(documentOf(viewsOf(plain))));
    for (const text of hostile) {
      const shown = text
        .replace(/&/g, '&amp;')
        .replace(/</g, '&lt;')
        .replace(/>/g, '&gt;')
        .replace(/"/g, '&quot;')
        .replace(/'/g, '&#39;');
      expect(body.split(`<bdi class="name" title="${shown}">${shown}</bdi>`)).toHaveLength(4);
    }
  });

  test('an empty name is told', () => {
    const text = textOf(documentOf(viewsOf([{ project: '', gpu: '' }])));
    expect(text).toMatch(/Runs Jobs \(no name\) .*in jobs idle \(no name\)/);
  });

  function tagsOf(body: string): string[] {
    return [...body.matchAll(/<\/?[a-z0-9]+/g)].map(([tag]) => tag).sort();
  }
});

describe('how it is served', () => {
  test('nothing is loaded or run but what this server has, and the one style, by its hash', async () => {
    const { status, body, headers } = await get(ready(viewsOf([{ project: 'main' }])));
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(textOf(body)).toContain('Spends now $36.00');
    const styles = [...body.matchAll(/<style>(.*?)<\/style>/gs)].map(([, style = '']) => style);
    expect(styles).toHaveLength(1);
    const hash = createHash('sha256').update(styles[0]!).digest('base64');
    expect(headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'self' 'sha256-${hash}'; script-src 'self'; connect-src 'self'; ` +
        `base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
    );
    expect(body).not.toMatch(/<img|<iframe|\sstyle=|\son\w+=|url\(|@import|https?:/i);
    const loaded = [...body.matchAll(/<(?:script|link)[^>]*(?:src|href)="([^"]*)"/g)].map(([, from]) => from);
    expect(loaded).toEqual(['status/uplot.css', 'status/uplot.js', 'status/app.js']);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('with a scrape token, a browser asks for it as a password; nothing is read before', async () => {
    const refused = await get(ready(viewsOf([{ project: 'hidden' }])), {}, 'token');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Basic realm="fleetmeter", charset="UTF-8"');
    expect(refused.body).not.toContain('hidden');
    const basic = (password: string) => ({
      authorization: `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`,
    });
    expect((await get(ready(viewsOf([])), basic('wrong'), 'token')).status).toBe(401);
    expect((await get(ready(viewsOf([])), basic('token'), 'token')).status).toBe(200);
    expect((await get(ready(viewsOf([])), { authorization: 'Bearer token' }, 'token')).status).toBe(200);
  });
});
