/**
 * What a cost report can be broken down by, a column each. A job's `instance` and `fleet` are those of the
 * instance it is on.
 */
export const DIMENSIONS = [
  'project',
  'user',
  'run',
  'run_type',
  'job',
  'instance',
  'fleet',
  'backend',
  'gpu',
  'volume',
  'day',
  'month',
] as const;

/** A run's tag of that name. */
const TAG = 'tag:';

export type Dimension = (typeof DIMENSIONS)[number] | `${typeof TAG}${string}`;

/** For reports with a line per resource, besides: its ids, and all tags of its run as JSON. */
export type Column =
  Dimension | 'run_id' | 'job_id' | 'instance_id' | 'volume_id' | 'type' | 'region' | 'tags';

/** Columns about a single entity. */
export type Labels = Readonly<Partial<Record<Column, string>>> & { readonly project: string };

export function isDimension(name: string): name is Dimension {
  return DIMENSIONS.some((one) => one === name) || (name.startsWith(TAG) && name.length > TAG.length);
}

/** The name of the tag that a column shows; undefined: it is not a tag's column. */
export function tagOf(column: Column): string | undefined {
  return column.startsWith(TAG) ? column.slice(TAG.length) : undefined;
}

export function asksTags(columns: readonly Column[]): boolean {
  return columns.some((column) => column === 'tags' || tagOf(column) !== undefined);
}
