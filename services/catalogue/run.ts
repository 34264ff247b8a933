import type { EntityId } from '../../events/event';
import { RUN as EVENTS } from '../../events/run';
import type { Timeline } from '../fold/kinds';
import { ONE, ZERO, histogramParts } from './family';
import type { SumFamily } from './family';
import { statusFamily } from './statuses';
import type { DescribedEntity, KindCatalogue } from './described';

/**
 * Families of runs. dstack's two queue metrics have other label names than the rest of its page, and so do
 * ours of the same names.
 */
const RUN_LABELS = ['dstack_project_name', 'dstack_user_name'] as const;
const QUEUE_LABELS = ['project_name', 'run_type'] as const;

/** dstack's buckets (services/prometheus/client_metrics.py). */
const QUEUE_BOUNDS = [15, 30, 45, 60, 90, 120, 180, 240, 300, 360, 420, 480, 540, 600, 900, 1200, 1800];
const DURATION_BOUNDS = [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400, 259200, 604800];

export interface DescribedRun extends DescribedEntity<'run'> {
  readonly runType: string;
}

function describedOf(id: EntityId, timeline: Timeline<'run'>): DescribedRun | undefined {
  const { startMs, status, description } = timeline;
  if (startMs === undefined || status === undefined || description === undefined) return undefined;
  const { project, user, runType } = description;
  return {
    kind: 'run',
    id,
    timeline,
    startMs,
    status,
    project,
    runType,
    isOnPage: false,
    labels: [project, user],
  };
}

function countOf(
  name: string,
  help: string,
  counts: (run: DescribedRun) => boolean,
): SumFamily<DescribedRun> {
  return {
    name,
    type: 'counter',
    help,
    labels: RUN_LABELS,
    per: 1,
    partsOf: (run) => [{ labels: run.labels, amount: counts(run) ? ONE : ZERO }],
  };
}

const SUMS: readonly SumFamily<DescribedRun>[] = [
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
  statusFamily('fleetmeter_runs', 'Runs in each unfinished status', EVENTS.statuses.unfinished),
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

export const RUN: KindCatalogue<'run', DescribedRun> = { describedOf, own: [], sums: SUMS };
