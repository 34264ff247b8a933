import type { LifecycleEvent } from '../../../events/event';
import type { Fleet } from './fleet';
import { watchInstances } from './instances';
import { watchJobs } from './jobs';
import { watchRuns } from './runs';
import { watchVolumes } from './volumes';

/** `speed`: how many times faster than event time the fleet lives. */
export function watchLifecycle(fleet: Fleet, speed: number) {
  const instances = watchInstances(fleet, speed);
  const runs = watchRuns(fleet);
  const jobs = watchJobs(fleet);
  const volumes = watchVolumes(fleet);

  function see(event: LifecycleEvent): void {
    switch (event.type) {
      case 'fleetmeter.instance.started.v1':
        instances.started(event);
        return;
      case 'fleetmeter.instance.status_changed.v1':
        instances.statusChanged(event);
        return;
      case 'fleetmeter.instance.price_changed.v1':
        instances.priceChanged(event);
        return;
      case 'fleetmeter.instance.terminated.v1':
        instances.terminated(event);
        return;
      case 'fleetmeter.run.submitted.v1':
        runs.submitted(event);
        return;
      case 'fleetmeter.run.status_changed.v1':
        runs.statusChanged(event);
        return;
      case 'fleetmeter.run.finished.v1':
        runs.finished(event);
        return;
      case 'fleetmeter.job.submitted.v1':
        jobs.submitted(event);
        return;
      case 'fleetmeter.job.provisioned.v1':
        jobs.provisioned(event);
        return;
      case 'fleetmeter.job.status_changed.v1':
        jobs.statusChanged(event);
        return;
      case 'fleetmeter.job.price_changed.v1':
        jobs.priceChanged(event);
        return;
      case 'fleetmeter.job.finished.v1':
        jobs.finished(event);
        return;
      case 'fleetmeter.volume.created.v1':
        volumes.created(event);
        return;
      case 'fleetmeter.volume.price_changed.v1':
        volumes.priceChanged(event);
        return;
      case 'fleetmeter.volume.deleted.v1':
        volumes.deleted(event);
        return;
      default:
        event satisfies never;
    }
  }

  return { see, endOfMillisecond: instances.endOfMillisecond };
}
