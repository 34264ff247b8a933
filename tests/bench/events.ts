import { decodeEvent, decodeParsed, encodeEvent } from '../../events/codec';
import { EXAMPLES } from '../../events/examples';
import { partitionOf, routeOf } from '../../events/routing';
import { formatTime, parseTime } from '../../events/time';
import { measure } from './measure';

/** An exporter's page of 8 GPUs with 49 fields each, which is what dstack's list has. */
function gpuPage(): object {
  const names = Array.from({ length: 49 }, (_, field) => `DCGM_FI_DEV_FIELD_NUMBER_${field}`);
  const families = Object.fromEntries(
    names.map((name) => [name, { type: 'gauge', help: `What ${name} says.` }]),
  );
  const series = Array.from({ length: 8 }, (_, gpu) => ({
    labels: {
      gpu: String(gpu),
      UUID: `GPU-8f7a6b1e-0c55-4a51-9d0e-0d6c1b6d2a0${gpu}`,
      device: `nvidia${gpu}`,
      modelName: 'NVIDIA H100 80GB HBM3',
      Hostname: 'gpu-fleet-0',
    },
    values: Object.fromEntries(names.map((name, field) => [name, gpu * 1000 + field + 0.5])),
  }));
  const example = EXAMPLES['fleetmeter.gpu.sampled.v1'];
  return { ...example, data: { instance: { id: 'i-9c1d' }, exporter: 'dcgm', families, series } };
}

function repeat(times: number, work: () => unknown): () => void {
  return () => {
    for (let n = 0; n < times; n++) work();
  };
}

async function compare(title: string, example: object, times: number): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(example));
  const parsed: unknown = JSON.parse(bytes.toString());
  const decoded = decodeEvent(bytes);
  if (!decoded.ok) throw new Error(decoded.refusal.detail);
  const { event } = decoded;
  await measure(`${title}, ${bytes.length} bytes`, times, [
    ['JSON.parse(bytes.toString())', repeat(times, () => JSON.parse(bytes.toString()) as unknown)],
    ['decodeEvent', repeat(times, () => decodeEvent(bytes))],
    ['decodeParsed', repeat(times, () => decodeParsed(parsed))],
    ['encodeEvent', repeat(times, () => encodeEvent(event))],
    ['partitionOf(routeOf)', repeat(times, () => partitionOf(routeOf(event).key, 8))],
  ]);
}

export async function run(): Promise<void> {
  await compare('job.provisioned', EXAMPLES['fleetmeter.job.provisioned.v1'], 20_000);
  await compare('job.status_changed', EXAMPLES['fleetmeter.job.status_changed.v1'], 20_000);
  await compare('gpu.sampled', gpuPage(), 400);
  await measure('times', 100_000, [
    ['Date.parse', repeat(100_000, () => Date.parse('2026-11-24T08:00:12.345Z'))],
    ['parseTime, UTC', repeat(100_000, () => parseTime('2026-11-24T08:00:12.345Z'))],
    ['parseTime, other', repeat(100_000, () => parseTime('2026-11-24T08:00:12.345678+01:00'))],
    ['formatTime', repeat(100_000, () => formatTime(1795509000000))],
  ]);
}
