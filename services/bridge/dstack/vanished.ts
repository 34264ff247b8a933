import { LAST } from '../fact';
import type { Fact, Micros } from '../fact';
import type { KnownInstance, KnownRun } from './book';

/**
 * The end of what dstack no longer knows, although nothing has told its end: it was deleted with its project
 * while the bridge was away, or while there were no events. It ended, at the earliest, when dstack last
 * showed it.
 */
export const VANISHED = 'vanished';

export function vanishedRun(id: string, run: KnownRun, lastSeenMicros: Micros): Fact[] {
  const atMicros = Math.max(run.statusMicros, lastSeenMicros);
  run.endMicros = atMicros;
  const jobs = Object.entries(run.jobs).filter(([, job]) => job.endMicros === undefined);
  return [
    ...jobs.map(([jobId, job]): Fact => {
      job.endMicros = Math.max(job.statusMicros, lastSeenMicros);
      return {
        type: 'fleetmeter.job.finished.v1',
        atMicros: job.endMicros,
        detail: LAST,
        data: { run: { id }, job: { id: jobId }, status: 'terminated', reason: VANISHED },
      };
    }),
    {
      type: 'fleetmeter.run.finished.v1',
      atMicros,
      detail: LAST,
      data: { run: { id }, status: 'terminated', reason: VANISHED },
    },
  ];
}

export function vanishedInstance(id: string, instance: KnownInstance, lastSeenMicros: Micros): Fact[] {
  const atMicros = Math.max(instance.statusMicros, lastSeenMicros);
  instance.endMicros = atMicros;
  return [
    {
      type: 'fleetmeter.instance.terminated.v1',
      atMicros,
      detail: LAST,
      data: { instance: { id }, reason: VANISHED },
    },
  ];
}
