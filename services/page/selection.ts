import { murmur2 } from '../../events/routing';

/** Which part of the page is asked for. The parts of n shards are disjoint and together the whole page. */
export interface Selection {
  /** Only series that bear this project; null: all. */
  readonly project: string | null;
  readonly shard: { readonly index: number; readonly count: number } | null;
}

export const WHOLE_PAGE: Selection = { project: null, shard: null };

/** `key` is what keeps series together: an entity's key, or a sum's labels. */
export function inShard({ shard }: Selection, key: string): boolean {
  return shard === null || (murmur2(Buffer.from(key)) >>> 0) % shard.count === shard.index;
}

export function inProject({ project }: Selection, of: string): boolean {
  return project === null || project === of;
}
