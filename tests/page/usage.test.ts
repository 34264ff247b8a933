/** A job's usage, from its latest sample: what that lacks has no series. */
import { encodeEvent } from '../../events/codec';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';
import { readSamples } from '../support/page-series';
import { RESOURCES, jobProvisioned, jobSubmitted, tell, type Told } from '../support/told';

const T0 = Date.UTC(2026, 10, 24, 8);

function sampled(more: Record<string, unknown>, seconds: number): Told {
  const data = { run: { id: 'r' }, job: { id: 'j' }, ...more };
  return { type: 'job.sampled', data, atMs: T0 + seconds * 1000 };
}

/** Name, GPU number where there is one, value; as of the newest event. */
function usageOf(samples: readonly Told[], resources: Record<string, unknown> = RESOURCES): unknown[] {
  const job = [jobSubmitted('j'), jobProvisioned('j', {}, { resources })];
  const told = [...job.map((each) => ({ ...each, atMs: T0 })), ...samples];
  const lines = told.map((each) => encodeEvent(tell(each)));
  return readSamples(pageOf(foldLines(lines, DEFAULT_SETTINGS)))
    .filter(({ name }) =>
      /^dstack_job_(?:cpu_time|memory_usage|memory_working|gpu_usage|gpu_memory)/.test(name),
    )
    .map(({ name, labels, value }) => [name, ...labels.slice(11).map((label) => label.join(' ')), value]);
}

test('all that a sample may have, each GPU by its place in it', () => {
  const gpus = [
    { usage_ratio: 0.5, memory_usage_bytes: 1 },
    {},
    { usage_ratio: 0, memory_usage_bytes: null },
  ];
  const all = { cpu_time_seconds: 1.25, memory_usage_bytes: 2048, memory_working_set_bytes: 1024, gpus };
  expect(usageOf([sampled(all, 1)])).toEqual([
    ['dstack_job_cpu_time_seconds_total', 1.25],
    ['dstack_job_memory_usage_bytes', 2048],
    ['dstack_job_memory_working_set_bytes', 1024],
    ['dstack_job_gpu_usage_ratio', 'dstack_gpu_num 0', 0.5],
    ['dstack_job_gpu_usage_ratio', 'dstack_gpu_num 2', 0],
    ['dstack_job_gpu_memory_total_bytes', 'dstack_gpu_num 0', 80e9],
    ['dstack_job_gpu_memory_total_bytes', 'dstack_gpu_num 1', 80e9],
    ['dstack_job_gpu_memory_total_bytes', 'dstack_gpu_num 2', 80e9],
    ['dstack_job_gpu_memory_usage_bytes', 'dstack_gpu_num 0', 1],
  ]);
});

test('the latest sample is all that counts, whatever order they come in', () => {
  expect(usageOf([sampled({ memory_usage_bytes: 2 }, 5), sampled({ cpu_time_seconds: 1 }, 4)])).toEqual([
    ['dstack_job_memory_usage_bytes', 2],
  ]);
});

test('without a GPU in the resources there is no total', () => {
  const { gpu, ...bare } = RESOURCES;
  expect(gpu.count).toBe(2);
  expect(usageOf([sampled({ gpus: [{ usage_ratio: 1 }] }, 1)], bare)).toEqual([
    ['dstack_job_gpu_usage_ratio', 'dstack_gpu_num 0', 1],
  ]);
});

test('any number of GPUs', () => {
  const gpus = Array.from({ length: 100 }, (_, index) => ({ memory_usage_bytes: index }));
  const shown = usageOf([sampled({ gpus }, 1)]).slice(100);
  expect(shown).toHaveLength(100);
  expect(shown[99]).toEqual(['dstack_job_gpu_memory_usage_bytes', 'dstack_gpu_num 99', 99]);
});

test('a sample of 600 s ago is shown, an older one is not', () => {
  const later = (seconds: number): Told => ({ ...jobSubmitted('k'), atMs: T0 + seconds * 1000 });
  expect(usageOf([sampled({ cpu_time_seconds: 1 }, 1), later(601)])).toHaveLength(1);
  expect(usageOf([sampled({ cpu_time_seconds: 1 }, 1), later(602)])).toHaveLength(0);
});
