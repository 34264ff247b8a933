import type { TelemetryEvent } from '../../../events/event';
import type { Fleet, Of } from './fleet';

export function watchTelemetry(fleet: Fleet) {
  const { instances, jobs, get, count } = fleet;
  const must: Fleet['must'] = fleet.must;
  /** The newest value of each counter. */
  const counters = new Map<string, number>();

  function see(event: TelemetryEvent): void {
    if (event.type === 'fleetmeter.gpu.sampled.v1') {
      sampleGpus(event);
      return;
    }
    const { data } = event;
    const job = get(jobs, data.job.id);
    must(job.status === 'running' && job.provisioned !== null, 'a sample of what does not run');
    const { resources } = job.provisioned;
    const before = job.sample ?? { timeMs: job.runningMs, cpuSeconds: 0 };
    const seconds = (event.timeMs - before.timeMs) / 1000;
    const used = (data.cpu_time_seconds ?? -1) - before.cpuSeconds;
    must(
      used >= 0 && used <= resources.cpus * seconds + 0.01,
      'CPU time that falls, or of more CPUs than there are',
    );
    must(job.sample === null || (seconds >= 10 && seconds <= 15), 'a sample each 10 to 15 s');
    job.sample = { timeMs: event.timeMs, cpuSeconds: data.cpu_time_seconds ?? 0 };
    must((data.memory_usage_bytes ?? -1) <= resources.memory_bytes, 'more memory than there is');
    must(
      (data.memory_working_set_bytes ?? -1) <= (data.memory_usage_bytes ?? 0),
      'a working set above the use',
    );
    must(data.gpus?.length === (resources.gpu?.count ?? 0), 'a figure for each GPU');
    for (const gpu of data.gpus) {
      must((gpu.usage_ratio ?? -1) >= 0 && (gpu.usage_ratio ?? 2) <= 1, 'a ratio');
      must(
        (gpu.memory_usage_bytes ?? -1) <= (resources.gpu?.memory_bytes ?? 0),
        'more GPU memory than there is',
      );
    }
  }

  function sampleGpus({ data }: Of<'fleetmeter.gpu.sampled.v1'>): void {
    if (data.job) {
      const job = get(jobs, data.job.id);
      must(job.status === 'running' && job.provisioned !== null, 'a sample of what does not run');
      must(data.series.length === (job.provisioned.resources.gpu?.count ?? 0), 'a row for each GPU');
      const uuids = job.provisioned.instance.gpu_uuids;
      if (uuids != null)
        must(
          data.series.every(({ labels }) => uuids.includes(labels['UUID'] ?? '')),
          "another job's GPU",
        );
      count(`${data.exporter} of a job`);
    } else {
      const instance = get(instances, data.instance.id);
      must(['idle', 'busy'].includes(instance.status), 'a sample of what is not up');
      must(data.series.length <= instance.resources.gpus, 'a row for each GPU');
      count(`${data.exporter} of an instance`);
    }
    for (const row of data.series) checkRow(data.families, row);
  }

  function checkRow(
    families: Of<'fleetmeter.gpu.sampled.v1'>['data']['families'],
    row: Of<'fleetmeter.gpu.sampled.v1'>['data']['series'][number],
  ): void {
    const uuid = row.labels['UUID'] ?? row.labels['gpu_uuid'] ?? '';
    const { values } = row;
    for (const [name, value] of Object.entries(values)) {
      must(value !== null && value >= 0, `${name} is negative`);
      must(families[name] !== undefined, `${name} without help`);
      if (families[name].type !== 'counter') continue;
      must(value >= (counters.get(`${name}/${uuid}`) ?? 0), `${name} falls`);
      counters.set(`${name}/${uuid}`, value);
    }
    must((values['DCGM_FI_DEV_GPU_UTIL'] ?? values['gpu_gfx_activity'] ?? 101) <= 100, 'a percentage');
    must((values['DCGM_FI_DEV_GPU_TEMP'] ?? 50) < 95, 'too hot');
    must((values['DCGM_FI_DEV_FB_FREE'] ?? 0) >= 0, 'more GPU memory than there is');
  }

  return { see };
}
