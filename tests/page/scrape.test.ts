/** What a real Prometheus makes of pages: all of it, whatever users and exporters call their things. */
import { type Format } from '../../services/page/format';
import { historyPage, textPage, typePage } from '../support/hard-pages';
import { differencesOf, readSamples } from '../support/page-series';
import { prometheusKey, scrapePages, type Scraped } from '../support/prometheus';

const PAGES = { texts: textPage, types: typePage, history: historyPage };
let scraped: Map<string, Scraped>;

beforeAll(async () => {
  const pages = new Map<string, { format: Format; body: string }>();
  for (const [name, page] of Object.entries(PAGES)) {
    for (const format of ['text', 'openmetrics'] as const)
      pages.set(`${name} in ${format}`, { format, body: page(format) });
  }
  pages.set('broken', { format: 'text', body: 'x{__name__="y"} 1\n' });
  scraped = await scrapePages(pages);
}, 120_000);

test.each(
  Object.entries(PAGES).flatMap(([name, page]) =>
    (['text', 'openmetrics'] as const).map((format) => [name, format, page] as const),
  ),
)('%s in %s: the target is up, and each series is there', (name, format, page) => {
  const { health, lastError, series } = scraped.get(`${name} in ${format}`)!;
  expect({ health, lastError }).toEqual({ health: 'up', lastError: '' });
  const expected = readSamples(page('text')).map(({ name, labels, value }) => {
    // Its own labels of that name go before ours.
    const kept = labels.map(([key, text]) => [key === 'job' ? 'exported_job' : key, text] as const);
    return [prometheusKey(name, kept), value] as const;
  });
  expect(differencesOf(new Map(expected), series).slice(0, 5)).toEqual([]);
  expect(series.size).toBe(expected.length);
});

test('what is no page takes the target down', () => {
  expect(scraped.get('broken')).toMatchObject({ health: 'down' });
});
