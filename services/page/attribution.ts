import { compareOrder } from '../../events/order';
import type { OrderKey } from '../../events/order';
import { namesGpu } from '../catalogue/gpu-vendors';
import type { Sample } from '../fold/sample';
import type { Bearer } from './bearer';
import type { Departure } from './departures';

/**
 * An instance that an exporter reports on, and what decides whose its series are: the job's that had the GPU,
 * or otherwise the instance's (contract, "GPU passthrough"). Jobs and instances are in different partitions,
 * so the join is made here.
 */
export interface SampledInstance {
  readonly samples: readonly Sample[];
  /** Undefined: it is not on the page. */
  readonly bearer: Bearer | undefined;
  readonly occupants: readonly Occupant[];
  readonly departures: readonly Departure[];
}

export interface Occupant {
  readonly bearer: Bearer;
  readonly gpuUuids: readonly string[] | undefined;
  readonly since: OrderKey;
  /** Exporters from which the job has its own samples. */
  readonly exporters: readonly string[];
}

/** Everything that bearerAt() depends on: while all of it is the same, so are its results. */
export function inputsOf({ samples, bearer, occupants, departures }: SampledInstance): readonly unknown[] {
  return [
    bearer?.entry,
    bearer?.labels,
    ...samples,
    ...occupants.flatMap(({ bearer: { entry, labels }, gpuUuids, since, exporters }) => [
      entry,
      labels,
      gpuUuids,
      since,
      ...exporters,
    ]),
    ...departures,
  ];
}

/** The names of a series' GPU; none: its exporter doesn't say which it is. */
export type GpuNames = readonly string[];

/** @param uuidLabels which labels name it; of several, the first that names one */
export function gpuNames(labels: Readonly<Record<string, string>>, uuidLabels: readonly string[]): GpuNames {
  const texts = uuidLabels.map((label) => lookUp(labels, label) ?? '');
  const text = texts.find(namesGpu);
  // nvidia_gpu_exporter leaves out the prefix of NVIDIA's UUIDs.
  return text === undefined ? [] : [text, `GPU-${text}`];
}

/** Whose a GPU's series in one of the instance's samples is; undefined: nobody's. */
export function bearerAt(instance: SampledInstance, sample: Sample, names: GpuNames): Bearer | undefined {
  const occupant = occupantAt(instance.occupants, sample, names);
  if (occupant === undefined)
    return instance.departures.some((departure) => leftAfter(departure, sample, names))
      ? undefined
      : instance.bearer;
  const { reading } = sample;
  const isOwn = reading.kind === 'gpu' && occupant.exporters.includes(reading.exporter);
  return isOwn ? undefined : occupant.bearer;
}

/**
 * A job that was on the GPU finished after the sample: whose the sample is can no longer be known, so it is
 * nobody's.
 */
function leftAfter({ finishMs, gpuUuids }: Departure, sample: Sample, names: GpuNames): boolean {
  if (sample.timeMs >= finishMs) return false;
  return gpuUuids === undefined || names.some((name) => gpuUuids.includes(name));
}

function occupantAt(occupants: readonly Occupant[], sample: Sample, names: GpuNames): Occupant | undefined {
  const [alone] = occupants;
  const isAlone = occupants.length === 1 && alone?.gpuUuids === undefined;
  let latest: Occupant | undefined;
  for (const occupant of occupants) {
    const { gpuUuids, since } = occupant;
    const isOn = isAlone || names.some((name) => gpuUuids?.includes(name) === true);
    if (!isOn || since.timeMs > sample.timeMs) continue;
    if (latest === undefined || compareOrder(since, latest.since) >= 0) latest = occupant;
  }
  return latest;
}

/** Names come from outside: `__proto__` must not find anything. */
export function lookUp<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
