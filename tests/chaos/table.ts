/** Columns of figures, right-aligned but for the first. */
export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const lineOf = (row: readonly string[]): string =>
    widths
      .map((width, column) =>
        column === 0 ? (row[0] ?? '').padEnd(width) : (row[column] ?? '').padStart(width),
      )
      .join('  ');
  console.log([`\n${title}`, lineOf(head), ...rows.map(lineOf)].join('\n'));
}

/** p50, p99 and max of times, in seconds. */
export function quantiles(timesMs: readonly number[]): [string, string, string] {
  const sorted = timesMs.toSorted((a, b) => a - b);
  const at = (share: number): string => {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    return value === undefined ? '–' : `${(value / 1000).toFixed(1)} s`;
  };
  return [at(0.5), at(0.99), at(1)];
}
