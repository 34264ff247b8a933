/** Telemetry: the latest sample of a target and kind is all that counts. */
import { compare, type Sample } from './read';

export interface Samples {
  /** The latest sample of each kind of that target (an entity's key) that is not too old for the page. */
  current(target: string): readonly Sample[];
  /** All targets that have samples. */
  targets(): Iterable<string>;
}

export interface SampleAge {
  readonly ttlMs: number;
  readonly pageTimeOf: (partition: number) => number;
}

export function latestSamples(samples: readonly Sample[], age: SampleAge): Samples {
  const byTarget = new Map<string, Map<string, Sample>>();
  for (const sample of samples) {
    // Usage and an exporter of any name (the empty one too) are different kinds.
    const kind = sample.exporter === undefined ? 'usage' : `exporter ${sample.exporter}`;
    const kinds = byTarget.get(sample.entity) ?? new Map<string, Sample>();
    const before = kinds.get(kind);
    if (before === undefined || compare(before, sample) < 0) kinds.set(kind, sample);
    byTarget.set(sample.entity, kinds);
  }
  return {
    current: (target) =>
      [...(byTarget.get(target)?.values() ?? [])].filter(
        (sample) => age.pageTimeOf(sample.partition) - sample.timeMs <= age.ttlMs,
      ),
    targets: () => byTarget.keys(),
  };
}
