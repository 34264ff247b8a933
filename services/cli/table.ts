/**
 * Columns of text, each as wide as its widest cell, except for the last.
 * @param numbers how many of the last columns are numbers, and so are right-aligned
 */
export function table(rows: readonly (readonly string[])[], numbers = 0): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows
    .map((row) => {
      const cells = row.map((cell, i) => {
        if (i >= row.length - numbers) return cell.padStart(widths[i] ?? 0);
        return i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0);
      });
      return `${cells.join('  ')}\n`;
    })
    .join('');
}

export function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
