import type { GpuSampled } from '../../events/sample';

/** The families of a `dcgm` exporter that go on the log. */
export type GpuFields = 'all' | ReadonlySet<string>;

interface Filtered {
  readonly data: GpuSampled;
  /** Values that are not among the fields. */
  readonly leftOut: number;
}

/**
 * What a sample keeps of a `dcgm` exporter's families; those of other exporters are kept as a whole. Unknown
 * members stay.
 */
export function keepGpuFields(data: GpuSampled, fields: GpuFields): Filtered {
  if (fields === 'all' || data.exporter !== 'dcgm') return { data, leftOut: 0 };
  const before = countValues(data);
  const series = data.series
    .map((row) => ({ ...row, values: keep(row.values, fields) }))
    .filter((row) => Object.keys(row.values).length > 0);
  const kept = { ...data, families: keep(data.families, fields), series };
  return { data: kept, leftOut: before - countValues(kept) };
}

function keep<T>(members: Record<string, T>, names: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => names.has(name)));
}

function countValues({ series }: GpuSampled): number {
  return series.reduce((sum, { values }) => sum + Object.keys(values).length, 0);
}
