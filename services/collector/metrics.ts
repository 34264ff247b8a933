import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { openMetricMakers } from '../process/metric-makers';

/** The collector's own metrics, of all its targets together: its log tells what is wrong with which. */
export interface CollectorMetrics {
  readonly registry: Registry;
  readonly targets: Gauge;
  readonly targetsUp: Gauge;
  readonly scrapes: Counter<'result'>;
  readonly scrapeSeconds: Histogram;
  readonly values: Counter;
  readonly leftOut: Counter<'cause'>;
  readonly events: Counter;
  readonly eventsRejected: Counter<'reason'>;
}

const PREFIX = 'fleetmeter_process_collector_';
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function openCollectorMetrics(): CollectorMetrics {
  const { registry, counter, gauge, histogram } = openMetricMakers(PREFIX);
  return {
    registry,
    targets: gauge('targets', 'Targets that are scraped'),
    targetsUp: gauge('targets_up', 'Targets whose last scrape gave a page'),
    scrapes: counter('scrapes_total', 'Scrapes by what became of them', ['result']),
    scrapeSeconds: histogram('scrape_seconds', 'Time from asking a target to having its page', SECONDS),
    values: counter('values_total', 'Values of pages that became events'),
    leftOut: counter('left_out_total', 'Values of pages that did not, by cause', ['cause']),
    events: counter('events_total', 'Events that are on the log'),
    eventsRejected: counter('events_rejected_total', 'Events that were refused', ['reason']),
  };
}
