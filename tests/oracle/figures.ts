/** The page's series as they are gathered: gauges put, totals and histograms added up over entities. */
export type Labels = readonly (readonly [string, string])[];

/** A lone surrogate as it is written in UTF-8. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

/** `name{label="value",...}`, values as JSON strings. */
function seriesKey(name: string, labels: Labels): string {
  return `${name}{${labels.map(([key, value]) => `${key}=${JSON.stringify(wellFormed(value))}`).join(',')}}`;
}

/** The double nearest to n ÷ 10^digits. */
export function quotient(n: bigint, digits: number): number {
  const text = (n < 0n ? -n : n).toString().padStart(digits + 1, '0');
  const value = Number(`${text.slice(0, text.length - digits)}.${text.slice(text.length - digits)}0`);
  return n < 0n ? -value : value;
}

export interface Figures {
  /** Sets a series; the first one stays. */
  put(name: string, labels: Labels, value: number): void;
  /** Adds to a total, which is shown as sum ÷ 10^digits. */
  add(name: string, labels: Labels, n: bigint, digits: number): void;
  /**
   * Adds observations (ms; what would be negative is 0) to a histogram with these bounds (s), shown from none
   * on.
   */
  observe(
    name: string,
    labels: Labels,
    boundsSeconds: readonly number[],
    observedMs: readonly number[],
  ): void;
  series(): Map<string, number>;
}

interface Histogram {
  readonly name: string;
  readonly labels: Labels;
  readonly boundsSeconds: readonly number[];
  readonly observedMs: number[];
}

export function openFigures(): Figures {
  const gauges = new Map<string, number>();
  const totals = new Map<string, { n: bigint; digits: number }>();
  const histograms = new Map<string, Histogram>();

  function put(name: string, labels: Labels, value: number): void {
    const key = seriesKey(name, labels);
    if (!gauges.has(key)) gauges.set(key, value);
  }

  function putHistogram({ name, labels, boundsSeconds, observedMs }: Histogram): void {
    for (const bound of boundsSeconds) {
      const count = observedMs.filter((ms) => ms <= bound * 1000).length;
      put(`${name}_bucket`, [...labels, ['le', `${bound}.0`]], count);
    }
    put(`${name}_bucket`, [...labels, ['le', '+Inf']], observedMs.length);
    put(
      `${name}_sum`,
      labels,
      quotient(
        observedMs.reduce((sum, ms) => sum + BigInt(ms), 0n),
        3,
      ),
    );
    put(`${name}_count`, labels, observedMs.length);
  }

  return {
    put,
    add: (name, labels, n, digits) => {
      const key = seriesKey(name, labels);
      totals.set(key, { n: (totals.get(key)?.n ?? 0n) + n, digits });
    },
    observe: (name, labels, boundsSeconds, observedMs) => {
      const key = seriesKey(name, labels);
      const histogram = histograms.get(key) ?? { name, labels, boundsSeconds, observedMs: [] };
      for (const ms of observedMs) histogram.observedMs.push(Math.max(0, ms));
      histograms.set(key, histogram);
    },
    series: () => {
      for (const histogram of histograms.values()) putHistogram(histogram);
      for (const [key, { n, digits }] of totals) gauges.set(key, quotient(n, digits));
      return gauges;
    },
  };
}
