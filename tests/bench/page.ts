import { Gauge, Registry } from 'prom-client';
import { decodeParsed } from '../../events/codec';
import { isTelemetry, type FleetEvent } from '../../events/event';
import { emptyLedger, takeLifecycle, takeSample } from '../../services/fold/ledger';
import { openLayout, type Layout } from '../../services/page/layout';
import { writePieces } from '../../services/page/page';
import { type PartitionView } from '../../services/view/view';
import { WHOLE_PAGE } from '../../services/page/selection';
import { openView, syncView } from '../../services/view/sync';
import { readSamples } from '../support/page-series';
import { measure } from './measure';

const T0 = Date.UTC(2026, 10, 24, 8);
const SETTINGS = { latenessMs: 86_400_000, dedupeMs: 30 * 86_400_000, sampleTtlMs: 600_000, asOfMs: null };

const gpu = { vendor: 'nvidia', name: 'H100', count: 8, memory_bytes: 85_899_345_920 };
const resources = { cpus: 192, memory_bytes: 2_199_023_255_552, gpu };

function told(type: string, data: object, index: number): FleetEvent {
  const time = new Date(T0 + index).toISOString();
  const envelope = { specversion: '1.0', id: `${type}-${index}`, source: '/dstack/server/eu-1', time };
  const decoded = decodeParsed({ ...envelope, type: `fleetmeter.${type}.v1`, data });
  if (!decoded.ok) throw new Error(decoded.refusal.detail);
  return decoded.event;
}

/** A job that has an instance to itself, as dstack names things. */
function* jobEvents(index: number): Generator<FleetEvent> {
  const project = `project-${index % 20}`;
  const uuid = (kind: number): string =>
    `5e1f9a3c-0c55-4a51-9d0e-${kind}${index.toString().padStart(11, '0')}`;
  const run = { id: uuid(0), name: `llama-finetune-${index}`, type: 'task' };
  const job = { id: uuid(1), name: `llama-finetune-${index}-0-0`, num: 0, replica_num: 0 };
  const instance = { id: uuid(2), name: `gpu-fleet-${index}`, type: 'p5.48xlarge', backend: 'aws' };
  const price = { dollars_per_hour: 98.32 };
  const fleet = { id: uuid(3), name: 'gpu-fleet' };
  yield told('instance.started', { project, fleet, instance, resources, price, status: 'busy' }, index);
  yield told('run.submitted', { project, user: `user-${index % 100}`, run }, index);
  yield told('job.submitted', { project, user: `user-${index % 100}`, run, job }, index);
  yield told('job.provisioned', { run, job, instance, resources, price }, index);
}

function usageSample(index: number, jobs: readonly FleetEvent[]): FleetEvent {
  const gpus = Array.from({ length: 8 }, (_, num) => ({
    usage_ratio: num / 8,
    memory_usage_bytes: 1e9 * num,
  }));
  const memory = { memory_usage_bytes: 1e11 + index, memory_working_set_bytes: 1e10 + index };
  return told('job.sampled', { ...targetOf(jobs), cpu_time_seconds: index / 7, ...memory, gpus }, index);
}

/** dstack's list has 49 fields. */
function dcgmSample(index: number, jobs: readonly FleetEvent[]): FleetEvent {
  const names = Array.from({ length: 49 }, (_, field) => `DCGM_FI_DEV_FIELD_NUMBER_${field}`);
  const families = Object.fromEntries(names.map((name) => [name, { type: 'gauge', help: name }]));
  const series = Array.from({ length: 8 }, (_, num) => ({
    labels: {
      gpu: `${num}`,
      UUID: `GPU-${index}-${num}`,
      device: `nvidia${num}`,
      modelName: 'NVIDIA H100 80GB HBM3',
    },
    values: Object.fromEntries(names.map((name, field) => [name, num * 1000 + field + 0.5])),
  }));
  return told('gpu.sampled', { ...targetOf(jobs), exporter: 'dcgm', families, series }, index);
}

function targetOf(events: readonly FleetEvent[]): object {
  const provisioned = events.find(({ type }) => type === 'fleetmeter.job.provisioned.v1');
  if (provisioned?.type !== 'fleetmeter.job.provisioned.v1') throw new Error('no job');
  return { run: provisioned.data.run, job: provisioned.data.job };
}

type Sampled = (index: number, jobs: readonly FleetEvent[]) => FleetEvent;

export function viewOf(jobs: number, samples: readonly Sampled[]): PartitionView {
  const ledger = emptyLedger(SETTINGS);
  for (let index = 0; index < jobs; index++) {
    const events = [...jobEvents(index)];
    for (const event of [...events, ...samples.map((sample) => sample(index, events))]) {
      if (isTelemetry(event)) takeSample(ledger, event, null);
      else takeLifecycle(ledger, event, null);
    }
  }
  const view = openView(ledger);
  syncView(view, ledger);
  view.pageTimeMs = T0 + 60_000;
  return view;
}

function writeAll(view: PartitionView, layout: Layout): Buffer[] {
  const request = { format: 'text', atMs: null, sampleTtlMs: 600_000, selection: WHOLE_PAGE } as const;
  return [...writePieces([view], request, layout)].map(({ bytes }) => bytes);
}

/** The same page as prom-client has it: each family a gauge, values set before. */
function registryOf(page: string): Registry {
  const registry = new Registry();
  const gauges = new Map<string, Gauge>();
  for (const { name, labels, value } of readSamples(page)) {
    let gauge = gauges.get(name);
    if (gauge === undefined) {
      gauge = new Gauge({
        name,
        help: name,
        labelNames: labels.map(([label]) => label),
        registers: [registry],
      });
      gauges.set(name, gauge);
    }
    gauge.set(Object.fromEntries(labels), value);
  }
  return registry;
}

async function compare(title: string, jobs: number, samples: readonly Sampled[]): Promise<void> {
  const view = viewOf(jobs, samples);
  const layout = openLayout();
  const ready = Buffer.concat(writeAll(view, layout));
  const page = ready.toString();
  const registry = registryOf(page);
  const series = readSamples(page).length;
  let pageTimeMs = view.pageTimeMs;
  await measure(
    `${title}: ${series} series, ${(ready.length / 1e6).toFixed(1)} MB; one operation is a page`,
    1,
    [
      ['the same bytes from a ready Buffer', () => void Buffer.from(ready)],
      [
        'writePieces',
        () => {
          // As after a commit: all that accrues has another value.
          view.pageTimeMs = pageTimeMs += 1000;
          writeAll(view, layout);
        },
      ],
      ['prom-client', async () => void Buffer.from(await registry.metrics())],
    ],
    5,
  );
}

export async function run(): Promise<void> {
  await compare('10,000 jobs', 10_000, []);
  await compare('10,000 jobs with usage', 10_000, [usageSample]);
  await compare('500 jobs with DCGM', 500, [dcgmSample]);
}
