import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** The collector's own metrics, all of its targets together: what is wrong with which of them is in its log. */
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
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L> =>
    new Counter({ name: PREFIX + name, help, labelNames, registers });
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: PREFIX + name, help, registers });
  return {
    registry,
    targets: gauge('targets', 'Targets that are scraped'),
    targetsUp: gauge('targets_up', 'Targets whose last scrape gave a page'),
    scrapes: counter('scrapes_total', 'Scrapes by what became of them', ['result']),
    scrapeSeconds: new Histogram({
      name: `${PREFIX}scrape_seconds`,
      help: 'Time from asking a target to having its page',
      buckets: SECONDS,
      registers,
    }),
    values: counter('values_total', 'Values of pages that became events'),
    leftOut: counter('left_out_total', 'Values of pages that did not, by cause', ['cause']),
    events: counter('events_total', 'Events that are on the log'),
    eventsRejected: counter('events_rejected_total', 'Events that were refused', ['reason']),
  };
}
