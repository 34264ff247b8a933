import type { GpuFields } from '../exposition/gpu-fields';
import type { ExpositionFormat } from '../exposition/page';
import { pageEventOf } from '../exposition/page-event';
import type { PageEvent, PageSummary } from '../exposition/page-event';
import type { Logger } from '../process/logger';
import type { Seldom } from '../process/rare-warning';
import type { Fetched, Fetcher } from '../http/fetcher';
import type { CollectorMetrics } from './metrics';
import type { Outbox } from './outbox';
import type { ScrapeTarget } from './target';

interface ScraperOptions {
  readonly fetcher: Fetcher;
  readonly authorization: () => Readonly<Record<string, string>>;
  readonly lagMs: number;
  readonly fields: GpuFields;
  readonly outbox: Outbox;
  readonly logger: Logger;
  readonly seldom: Seldom;
  readonly metrics: CollectorMetrics;
  readonly now: () => number;
}

export interface Scraper {
  open(target: ScrapeTarget): Scrape;
  /** Waits for what is under way. */
  settle(): Promise<void>;
}

/** One target that is asked regularly. */
export interface Scrape {
  /** Asks it once and passes its page on as an event; whether it gave one. */
  ask(): Promise<boolean>;
  /** It is no longer asked, and the outcome of what is under way is not reported. */
  close(): void;
}

interface Failed {
  readonly kind: 'failed';
  readonly fault: string;
  readonly detail: string;
}

type Scraped = Extract<PageEvent, { kind: 'event' }> | Failed;

/** The CloudEvents `source` of the events. */
const SOURCE = '/fleetmeter/collector';
const CAUSES = ['gpu_field', 'not_a_number', 'reserved_name', 'composite', 'limit'] as const;
/** OpenMetrics before the text format, as Prometheus asks for them. */
const HEADERS = {
  accept: 'application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
  'user-agent': 'fleetmeter',
};

export function openScraper(options: ScraperOptions): Scraper {
  const underWay = new Set<Promise<unknown>>();
  return {
    open(target) {
      const asked: Asked = { options, target, isUp: undefined, isClosed: false };
      return {
        async ask() {
          const asking = ask(asked);
          underWay.add(asking);
          return asking.finally(() => underWay.delete(asking));
        },
        close() {
          asked.isClosed = true;
          if (asked.isUp === true) options.metrics.targetsUp.dec();
        },
      };
    },
    async settle() {
      await Promise.allSettled(underWay);
    },
  };
}

interface Asked {
  readonly options: ScraperOptions;
  readonly target: ScrapeTarget;
  /** Undefined: it has not been asked yet. */
  isUp: boolean | undefined;
  isClosed: boolean;
}

async function ask(asked: Asked): Promise<boolean> {
  const { options, target } = asked;
  const { outbox, metrics } = options;
  if (!outbox.hasRoom()) {
    metrics.scrapes.inc({ result: 'held' });
    return true;
  }
  const scraped = await scrape(options, target);
  if (asked.isClosed) return false;
  if (scraped.kind === 'failed') {
    metrics.scrapes.inc({ result: scraped.fault });
    setUp(asked, false, scraped.detail);
    return false;
  }
  const { json, summary } = scraped;
  metrics.scrapes.inc({ result: 'ok' });
  metrics.values.inc(summary.values);
  countLeftOut(options, target, summary);
  outbox.put(target.key, json);
  setUp(asked, true, '');
  return true;
}

/** Logged once each time it goes down or comes back. */
function setUp(asked: Asked, isUp: boolean, detail: string): void {
  const { logger, metrics } = asked.options;
  const { url } = asked.target;
  if (isUp === asked.isUp) return;
  if (!isUp) logger.warn({ url, detail }, 'a target is down');
  else if (asked.isUp === false) logger.info({ url }, 'a target is up again');
  metrics.targetsUp.inc(Number(isUp) - Number(asked.isUp ?? false));
  asked.isUp = isUp;
}

/** The event and what became of the page, or why there is none. */
async function scrape(options: ScraperOptions, target: ScrapeTarget): Promise<Scraped> {
  const { lagMs, fields, metrics, now } = options;
  // The moment before it is asked: a job that begins while it answers must not get values from before.
  const timeMs = now() - lagMs;
  const end = metrics.scrapeSeconds.startTimer();
  const fetched = await fetch(options, target);
  end();
  if (fetched.kind === 'failed') return fetched;
  const format = formatOf(fetched.contentType);
  const origin = { exporter: target.exporter, target: target.of, format, source: SOURCE, timeMs };
  const page = pageEventOf(fetched.bytes, origin, fields);
  return page.kind === 'refused' ? { kind: 'failed', fault: page.reason, detail: page.detail } : page;
}

async function fetch(
  { fetcher, authorization }: ScraperOptions,
  { url }: ScrapeTarget,
): Promise<Fetched | Failed> {
  let token: Readonly<Record<string, string>>;
  try {
    token = authorization();
  } catch (error) {
    return { kind: 'failed', fault: 'token', detail: `the token can't be read: ${String(error)}` };
  }
  return fetcher.get(url, { ...HEADERS, ...token });
}

function countLeftOut(
  { metrics, seldom }: ScraperOptions,
  { url }: ScrapeTarget,
  { left_out: leftOut, refused, refused_lines: lines }: PageSummary,
): void {
  for (const cause of CAUSES) metrics.leftOut.inc({ cause }, leftOut[cause]);
  metrics.leftOut.inc({ cause: 'bad_line' }, lines - leftOut.limit);
  if (lines === 0) return;
  seldom.warn({ url, lines, first: refused[0] }, 'lines of a page were not taken');
}

/** OpenMetrics if the page says so; anything else is read as the text format, which bad lines don't break. */
function formatOf(contentType: string | undefined): ExpositionFormat {
  const mediaType = contentType?.split(';')[0]?.trim().toLowerCase();
  return mediaType === 'application/openmetrics-text' ? 'openmetrics' : 'text';
}
