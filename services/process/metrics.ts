import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RefusalReason } from '../../events/refusal';
import { openMetricMakers } from './metric-makers';

/**
 * A process's own metrics: on `/metrics/process`, one page per replica, and never on `/metrics`. Prefix
 * `fleetmeter_process_`, or Node's usual names.
 */
export interface ProcessMetrics {
  readonly registry: Registry;
  readonly eventsAccepted: Counter;
  readonly eventsRejected: Counter<'reason'>;
  readonly requestsRefused: Counter<'code' | 'reason'>;
  readonly samplesLeftOut: Counter<'cause'>;
  readonly recordsFolded: Counter<'topic'>;
  readonly deadLetters: Counter<'reason'>;
  readonly misrouted: Counter;
  readonly givenUp: Gauge<'partition'>;
  readonly commits: Counter<'result'>;
  readonly commitSeconds: Histogram;
  readonly visibleSeconds: Histogram<'topic'>;
  readonly takeovers: Counter;
  readonly ownedPartitions: Gauge;
  readonly consumerLag: Gauge<'topic' | 'partition'>;
  readonly pageAgeSeconds: Gauge<'partition'>;
  readonly pageTimeReturns: Counter;
  readonly clockStepSeconds: Gauge;
  readonly clockSteps: Counter<'outcome'>;
  readonly pageLeftOut: Gauge<'cause'>;
  readonly pageBytes: Gauge<'part' | 'format'>;
  readonly scrapes: Counter<'code'>;
  readonly scrapeSeconds: Histogram;
}

const PREFIX = 'fleetmeter_process_';
/**
 * From its event to the page: a moment where all is well, and whatever a producer or an outage makes of it.
 */
const VISIBLE_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function openProcessMetrics(): ProcessMetrics {
  const { registry, counter, gauge, histogram } = openMetricMakers(PREFIX);
  return {
    registry,
    eventsAccepted: counter('events_accepted_total', 'Events that the gateway put on the log'),
    eventsRejected: counter('events_rejected_total', 'Events that the gateway refused', ['reason']),
    requestsRefused: counter('requests_refused_total', 'Requests that the gateway did not take', [
      'code',
      'reason',
    ]),
    samplesLeftOut: counter('samples_left_out_total', 'Parts of samples that were not put on the log', [
      'cause',
    ]),
    recordsFolded: counter('records_folded_total', 'Records read from the log and judged', ['topic']),
    deadLetters: counter('dead_letters_total', 'Records copied to the dead letters', ['reason']),
    misrouted: counter(
      'misrouted_total',
      'Records found on another partition than their own, and copied there',
    ),
    givenUp: gauge('given_up', 'Entities given up since their description never came', ['partition']),
    commits: counter('commits_total', 'Commits to the store', ['result']),
    commitSeconds: histogram('commit_seconds', 'Time that a commit took', SECONDS),
    visibleSeconds: histogram(
      'event_visible_seconds',
      "From an event's time to the commit that shows it; events that were told more than an hour later are left out",
      VISIBLE_SECONDS,
      ['topic'],
    ),
    takeovers: counter('takeovers_total', 'Partitions taken over by this process'),
    ownedPartitions: gauge('owned_partitions', 'Partitions that this process owns'),
    consumerLag: gauge('consumer_lag_records', 'Records on the log that are not folded yet', [
      'topic',
      'partition',
    ]),
    pageAgeSeconds: gauge('page_age_seconds', "How far a partition's page time is behind the store's clock", [
      'partition',
    ]),
    pageTimeReturns: counter(
      'page_time_returns_total',
      "Times that a partition's page time was ahead of the store's clock and went back to it",
    ),
    clockStepSeconds: gauge(
      'store_clock_step_seconds',
      "By how much the store's clock has stepped and is not followed yet; 0: it is followed",
    ),
    clockSteps: counter('store_clock_steps_total', "Steps of the store's clock, by what became of them", [
      'outcome',
    ]),
    pageLeftOut: gauge(
      'page_series_left_out',
      "Series of exporters' samples that are not on the last page written",
      ['cause'],
    ),
    pageBytes: gauge('page_bytes', 'Size of the last page that went out, not compressed', ['part', 'format']),
    scrapes: counter('scrapes_total', 'Answers to GET /metrics', ['code']),
    scrapeSeconds: histogram('scrape_seconds', 'Time to answer GET /metrics', SECONDS),
  };
}

/** Every reason is there from 0, so that a first refusal is seen by increase(). */
export function zeroReasons(metrics: ProcessMetrics, reasons: readonly RefusalReason[]): void {
  for (const reason of reasons) {
    metrics.eventsRejected.inc({ reason }, 0);
    metrics.deadLetters.inc({ reason }, 0);
  }
}
