import { STATUSES } from '../../events/statuses';
import { ONE, ZERO, histogramParts } from './family';
import type { SumFamily } from './family';
import { statusParts } from './instance';
import type { RunView } from './view';

/** Families of runs. dstack's two queue metrics bear other label names than the rest of its page; so do ours that stand for them. */
const RUN_LABELS = ['dstack_project_name', 'dstack_user_name'] as const;
const QUEUE_LABELS = ['project_name', 'run_type'] as const;

/** dstack's buckets (services/prometheus/client_metrics.py). */
const QUEUE_BOUNDS = [15, 30, 45, 60, 90, 120, 180, 240, 300, 360, 420, 480, 540, 600, 900, 1200, 1800];
const DURATION_BOUNDS = [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400, 259200, 604800];

function countOf(name: string, help: string, counts: (run: RunView) => boolean): SumFamily<RunView> {
  return {
    name,
    type: 'counter',
    help,
    labels: RUN_LABELS,
    per: 1,
    partsOf: (run) => [{ labels: run.labels, amount: counts(run) ? ONE : ZERO }],
  };
}

export const RUN_SUMS: readonly SumFamily<RunView>[] = [
  countOf('dstack_run_count_total', 'Total runs count', () => true),
  countOf('dstack_run_count_terminated_total', 'Terminated runs count', (run) => run.status === 'terminated'),
  countOf('dstack_run_count_failed_total', 'Failed runs count', (run) => run.status === 'failed'),
  countOf('dstack_run_count_done_total', 'Done runs count', (run) => run.status === 'done'),
  {
    name: 'dstack_submit_to_provision_duration_seconds',
    type: 'histogram',
    help: 'Time from when a run has been submitted and first job provisioning',
    labels: QUEUE_LABELS,
    per: 1000,
    bounds: QUEUE_BOUNDS,
    partsOf: (run) => {
      const waitsMs = run.timeline.queueExitsMs.map((exitMs) => exitMs - run.startMs);
      return [{ labels: [run.project, run.runType], amount: histogramParts(QUEUE_BOUNDS, waitsMs) }];
    },
  },
  {
    name: 'dstack_pending_runs_total',
    type: 'counter',
    help: 'Number of pending runs',
    labels: QUEUE_LABELS,
    per: 1,
    partsOf: (run) => [{ labels: [run.project, run.runType], amount: [BigInt(run.timeline.pendings)] }],
  },
  {
    name: 'fleetmeter_runs',
    type: 'gauge',
    help: 'Runs in each unfinished status',
    labels: ['dstack_project_name', 'status'],
    per: 1,
    partsOf: (run) => statusParts(run.project, STATUSES.run.unfinished, run.status),
  },
  {
    name: 'fleetmeter_run_duration_seconds',
    type: 'histogram',
    help: 'Time from the start of a run to its finish, seconds',
    labels: ['dstack_project_name', 'dstack_run_type'],
    per: 1000,
    bounds: DURATION_BOUNDS,
    partsOf: (run) => {
      const { finish } = run.timeline;
      const lastedMs = finish === undefined ? [] : [finish.timeMs - run.startMs];
      return [{ labels: [run.project, run.runType], amount: histogramParts(DURATION_BOUNDS, lastedMs) }];
    },
  },
];
