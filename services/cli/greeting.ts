import type { DemoFlags } from './demo-fleet';
import type { Settings } from './settings';

/** What `serve` prints about itself once it can be reached. */
export function greeting(url: string, { roles, kafka, redisUrl, dataDir }: Settings): string {
  const stores =
    kafka === undefined ? `embedded in ${dataDir}` : `Kafka${redisUrl === undefined ? '' : ' and Redis'}`;
  return [
    `fleetmeter listens on ${url} (${[...roles].join(', ')}; ${stores})`,
    ...(roles.has('exporter') ? [`  page     ${url}/metrics`, `  status   ${url}/`] : []),
    ...(roles.has('gateway') ? [`  events   POST ${url}/v1/events`] : []),
    '',
  ].join('\n');
}

/** What it prints about its demo, once the history is on the page. */
export function demoGreeting(url: string, { jobs, seed, hours }: DemoFlags, events: number): string {
  return [
    `a demo is in it: a simulated fleet of about ${jobs.toLocaleString('en')} running jobs (seed ${String(seed)}), ` +
      `with ${events.toLocaleString('en')} events of its last ${hours === 1 ? 'hour' : `${String(hours)} hours`}, that lives on`,
    `  look at  ${url}/`,
    '             who runs what on which GPUs, and what it costs',
    `           curl -s ${url}/metrics | grep fleetmeter_usage_cost_dollars_total`,
    '             what each user has spent, jobs that have ended included: dstack exports a price, never a cost',
    `           curl -s ${url}/metrics | grep fleetmeter_fleet_idle_cost_dollars_total`,
    '             what was paid for machines that did nothing',
    '',
  ].join('\n');
}
