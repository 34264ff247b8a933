import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Makes a process's own metrics under one prefix, in a registry that already has Node's usual ones. */
export interface MetricMakers {
  readonly registry: Registry;
  readonly counter: <L extends string = never>(name: string, help: string, labelNames?: L[]) => Counter<L>;
  readonly gauge: <L extends string = never>(name: string, help: string, labelNames?: L[]) => Gauge<L>;
  /** Its buckets are upper bounds, seconds. */
  readonly histogram: <L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames?: L[],
  ) => Histogram<L>;
}

export function openMetricMakers(prefix: string): MetricMakers {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    counter: (name, help, labelNames = []) =>
      new Counter({ name: prefix + name, help, labelNames, registers }),
    gauge: (name, help, labelNames = []) => new Gauge({ name: prefix + name, help, labelNames, registers }),
    histogram: (name, help, buckets, labelNames = []) =>
      new Histogram({ name: prefix + name, help, buckets: [...buckets], labelNames, registers }),
  };
}
