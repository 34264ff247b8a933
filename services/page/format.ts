/**
 * The two text formats of a page: Prometheus text 0.0.4 and OpenMetrics 1.0 (prometheus/docs, OpenMetrics
 * spec).
 */
export type Format = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

export type SampleType = 'counter' | 'gauge' | 'histogram' | 'unknown';

/**
 * HELP and TYPE lines of a family. OpenMetrics names a counter's family without `_total`, and has no counters
 * whose samples don't end in it: such a family (many of DCGM's) is `unknown` there.
 */
export function header(format: Format, name: string, type: SampleType, help: string): string {
  if (format === 'text') {
    const typed = type === 'unknown' ? 'untyped' : type;
    return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${typed}\n`;
  }
  const isTotal = name.endsWith('_total');
  const typed = type === 'counter' && !isTotal ? 'unknown' : type;
  const family = typed === 'counter' ? name.slice(0, -'_total'.length) : name;
  return `# HELP ${family} ${escapeLabel(help)}\n# TYPE ${family} ${typed}\n`;
}

function escapeHelp(text: string): string {
  return text.replace(/[\\\n]/g, (c) => (c === '\n' ? '\\n' : '\\\\'));
}

const NEEDS_ESCAPE = /[\\\n"]/;

export function escapeLabel(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return text;
  return text.replace(/[\\\n"]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}

/** As JavaScript prints it, with Prometheus' names for values that aren't finite. */
export function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/**
 * `a="x",b="y"`: the text between the braces. Joined, so that it is one flat string however often it is
 * written.
 */
export function formatLabels(names: readonly string[], values: readonly string[]): string {
  return names.map((name, i) => `${name}="${escapeLabel(values[i] ?? '')}"`).join();
}
