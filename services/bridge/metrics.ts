import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { openMetricMakers } from '../process/metric-makers';

/** A bridge's own metrics. */
export interface BridgeMetrics {
  readonly registry: Registry;
  readonly up: Gauge;
  readonly snapshotDone: Gauge;
  readonly lastReadSeconds: Gauge;
  readonly clockAheadSeconds: Gauge;
  readonly requests: Counter<'call' | 'result'>;
  readonly requestSeconds: Histogram<'call'>;
  readonly unreadableRows: Counter<'call'>;
  readonly events: Counter<'type'>;
  readonly eventsRejected: Counter<'reason'>;
  readonly unknownMessages: Counter;
  readonly unmatched: Counter;
  readonly vouched: Counter<'of'>;
  readonly vouchedSeconds: Counter;
  readonly samples: Counter;
  readonly alive: Gauge<'of'>;
}

const PREFIX = 'fleetmeter_bridge_';
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function openBridgeMetrics(): BridgeMetrics {
  const { registry, counter, gauge, histogram } = openMetricMakers(PREFIX);
  return {
    registry,
    up: gauge('up', 'Whether the control plane answered when it was asked last'),
    snapshotDone: gauge('snapshot_done', 'Whether the snapshot is on the log'),
    lastReadSeconds: gauge(
      'last_read_timestamp_seconds',
      'When the control plane was last read to its end, and that was on the log: the lag is the time since',
    ),
    clockAheadSeconds: gauge(
      'clock_ahead_seconds',
      "How far the control plane's clock is ahead of this process's",
    ),
    requests: counter('requests_total', 'Requests to the control plane by what became of them', [
      'call',
      'result',
    ]),
    requestSeconds: histogram(
      'request_seconds',
      'Time that an answer took: what the load on the control plane is judged by',
      SECONDS,
      ['call'],
    ),
    unreadableRows: counter(
      'unreadable_rows_total',
      'Rows of answers that were not as expected, and left out',
      ['call'],
    ),
    events: counter('events_total', 'Events that are on the log', ['type']),
    eventsRejected: counter('events_rejected_total', 'Events that were refused', ['reason']),
    unknownMessages: counter(
      'unknown_messages_total',
      "Messages of the control plane's events that are not known",
    ),
    unmatched: counter(
      'unmatched_events_total',
      "The control plane's events of what it has no row of any more",
    ),
    vouched: counter(
      'vouched_facts_total',
      'Facts that no event of the control plane told, found by listing',
      ['of'],
    ),
    vouchedSeconds: counter(
      'vouched_late_seconds_total',
      'How late such facts may be, at most, all together',
    ),
    samples: counter('samples_total', 'Samples of jobs that are on the log'),
    alive: gauge('alive', 'What is not finished, as far as it is known', ['of']),
  };
}
