import { chart, dashboard, stat } from './parts';

const RATE = '[$__rate_interval]';
const quantiles = (name: string): [string, string][] =>
  [0.5, 0.99].map((quantile) => [
    `histogram_quantile(${quantile}, sum by (le) (rate(fleetmeter_process_${name}_seconds_bucket${RATE}))) >= 0`,
    `p${quantile * 100}`,
  ]);

/** How fleetmeter itself does: from its processes' own metrics, and what the page says of itself. */
const visible = (part: number): string =>
  `histogram_quantile(${part}, sum by (le) (rate(fleetmeter_process_event_visible_seconds_bucket[$__rate_interval])))`;

export const pipeline = dashboard({
  uid: 'fleetmeter-pipeline',
  title: 'fleetmeter / Pipeline',
  about: "fleetmeter's own health: from the events that come in to the page that goes out.",
  variables: [],
  sections: [
    {
      panels: [
        stat({
          title: 'Page age',
          about: 'How far the page is behind the clock.',
          unit: 's',
          decimals: 0,
          width: 4,
          bad: 60,
          expr: 'time() - max(fleetmeter_page_timestamp_seconds)',
        }),
        stat({
          title: 'Processes up',
          about: 'Replicas whose own metrics could be scraped.',
          unit: 'short',
          width: 4,
          expr: 'sum(up{job="fleetmeter-process"})',
        }),
        stat({
          title: 'Series on the page',
          about: 'All scrape shards together. Above 100,000 or so, scrape in shards.',
          unit: 'short',
          width: 4,
          expr: 'sum(scrape_samples_scraped{job="fleetmeter"})',
        }),
        stat({
          title: 'Records to fold',
          about: 'On the log and not folded yet, all partitions.',
          unit: 'short',
          width: 4,
          bad: 10_000,
          expr: 'sum(fleetmeter_process_consumer_lag_records)',
        }),
        stat({
          title: 'Dead letters',
          about: 'Records that were refused on the log in this range.',
          unit: 'short',
          decimals: 0,
          width: 4,
          bad: 1,
          expr: 'sum(increase(fleetmeter_process_dead_letters_total[$__range]))',
        }),
        stat({
          title: 'Held above the ledger',
          about: "Dollars that the fleet's cost is shown above the ledger, until it has caught up.",
          unit: 'currencyUSD',
          decimals: 2,
          width: 4,
          expr: 'sum(fleetmeter_held{family="fleetmeter_fleet_cost_dollars_total"}) or vector(0)',
        }),
      ],
    },
    {
      title: 'In',
      panels: [
        chart({
          title: 'Events taken and refused, a second',
          about: 'By the gateways.',
          unit: 'short',
          width: 8,
          queries: [
            [`sum(rate(fleetmeter_process_events_accepted_total${RATE}))`, 'taken'],
            [`sum by (reason) (rate(fleetmeter_process_events_rejected_total${RATE}))`, '{{reason}}'],
          ],
        }),
        chart({
          title: 'Dead letters, a second',
          about: 'Records refused on the log, by reason.',
          unit: 'short',
          width: 8,
          queries: [[`sum by (reason) (rate(fleetmeter_process_dead_letters_total${RATE}))`, '{{reason}}']],
        }),
        chart({
          title: 'Last event of each source, ago',
          about: 'A source that went silent may hide that its jobs have ended.',
          unit: 's',
          width: 8,
          queries: [['time() - fleetmeter_source_last_event_timestamp_seconds', '{{source}}']],
        }),
      ],
    },
    {
      title: 'Fold and store',
      panels: [
        chart({
          title: 'Records folded, a second',
          about: 'By topic.',
          unit: 'short',
          width: 8,
          queries: [[`sum by (topic) (rate(fleetmeter_process_records_folded_total${RATE}))`, '{{topic}}']],
        }),
        chart({
          title: 'Records to fold',
          about: 'Of the partition that is furthest behind, by topic.',
          unit: 'short',
          width: 8,
          queries: [['max by (topic) (fleetmeter_process_consumer_lag_records)', '{{topic}}']],
        }),
        chart({
          title: 'Page age by partition',
          about: "How far each partition's page time is behind the store's clock.",
          unit: 's',
          width: 8,
          queries: [['max by (partition) (fleetmeter_process_page_age_seconds)', 'partition {{partition}}']],
        }),
        chart({
          title: 'Event to page',
          about: "From an event's time to the commit that shows it: what its sender took, and fleetmeter.",
          unit: 's',
          width: 8,
          queries: [
            [visible(0.5), 'half of them within'],
            [visible(0.99), '99 % within'],
          ],
        }),
        chart({
          title: 'Commits, a second',
          about: 'By what the store answered. Stale: another replica has taken the partition over.',
          unit: 'short',
          width: 8,
          queries: [[`sum by (result) (rate(fleetmeter_process_commits_total${RATE}))`, '{{result}}']],
        }),
        chart({
          title: 'Time of a commit',
          about: 'Of all replicas.',
          unit: 's',
          width: 8,
          queries: quantiles('commit'),
        }),
        chart({
          title: 'Partitions owned',
          about: 'By replica; together they are all partitions.',
          unit: 'short',
          width: 8,
          stacked: true,
          queries: [['fleetmeter_process_owned_partitions', '{{instance}}']],
        }),
      ],
    },
    {
      title: 'Out',
      panels: [
        chart({
          title: 'Scrapes, a second',
          about: 'By the status that was answered.',
          unit: 'short',
          width: 8,
          queries: [[`sum by (code) (rate(fleetmeter_process_scrapes_total${RATE}))`, '{{code}}']],
        }),
        chart({
          title: 'Time of a scrape',
          about: 'Of all replicas.',
          unit: 's',
          width: 8,
          queries: quantiles('scrape'),
        }),
        chart({
          title: "Exporters' series left out",
          about: 'Of the last page that was written, by cause.',
          unit: 'short',
          width: 8,
          queries: [['max by (cause) (fleetmeter_process_page_series_left_out) or vector(0)', '{{cause}}']],
        }),
      ],
    },
    {
      title: 'Processes',
      panels: [
        chart({
          title: 'CPU',
          about: 'Cores in use.',
          unit: 'short',
          width: 8,
          queries: [[`rate(process_cpu_seconds_total{job="fleetmeter-process"}${RATE})`, '{{instance}}']],
        }),
        chart({
          title: 'Memory',
          about: 'Resident.',
          unit: 'bytes',
          width: 8,
          queries: [['process_resident_memory_bytes{job="fleetmeter-process"}', '{{instance}}']],
        }),
        chart({
          title: 'Event loop behind',
          about: 'p99: how long the process could not answer.',
          unit: 's',
          width: 8,
          queries: [['nodejs_eventloop_lag_p99_seconds{job="fleetmeter-process"}', '{{instance}}']],
        }),
      ],
    },
  ],
});
