import { BUCKETS } from './layout';

/** Which part of the page is asked for. The parts of n shards are disjoint and together the whole page. */
export interface Selection {
  /** Only series of this project, and the one that tells how old the page is; null: all. */
  readonly project: string | null;
  /**
   * The projects that the client may see, in order: it sees their series and nothing else; null: all, and
   * what belongs to no project.
   */
  readonly scope: readonly string[] | null;
  readonly shard: { readonly index: number; readonly count: number } | null;
}

export const WHOLE_PAGE: Selection = { project: null, scope: null, shard: null };

/** A shard is a range of buckets, so that it costs only its share. */
export function inShard({ shard }: Selection, bucket: number): boolean {
  return shard === null || Math.floor((bucket * shard.count) / BUCKETS) === shard.index;
}

/** The shard with the series that belong to no single entity: few, however large the fleet. */
export function inFirstShard({ shard }: Selection): boolean {
  return shard === null || shard.index === 0;
}

export function inProject({ project, scope }: Selection, of: string): boolean {
  return (project === null || project === of) && (scope === null || scope.includes(of));
}

/** Whether all projects are selected. */
export function hasAllProjects({ project, scope }: Selection): boolean {
  return project === null && scope === null;
}
