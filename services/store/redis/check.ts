const OLDEST_VERSION = 7;
/** A primary that was cut off keeps answering for this long; no other may take its place sooner. */
const LONGEST_REPLICA_LAG_S = 10;
/** Replicas report once a second, and a primary counts those that have reported once a second. */
const LAG_GRAIN_S = 1;

/** What checkRedis() needs from CONFIG GET. */
export const CHECKED_CONFIG = ['min-replicas-to-write', 'min-replicas-max-lag'] as const;

export interface RedisCheck {
  readonly kind: 'checked';
  /** What breaks the page's promises; a line each, with the setting to change. */
  readonly problems: readonly string[];
  /** What costs time after a crash, or could not be looked at. */
  readonly warnings: readonly string[];
}

/** Who makes another server the primary, and when. */
export type Failover =
  /** Perhaps nobody; if there are replicas, somebody might. */
  | { readonly kind: 'unknown' }
  /** null: they did not say. */
  | { readonly kind: 'sentinel'; readonly downAfterMs: number | null }
  | { readonly kind: 'cluster' };

/** Judges how a server is set up: its INFO, and its CONFIG GET of CHECKED_CONFIG (null if it is refused). */
export function checkRedis(
  infoText: string,
  config: ReadonlyMap<string, string> | null,
  failover: Failover = { kind: 'unknown' },
): RedisCheck {
  const info = fields(infoText);
  const problems: string[] = [];
  const warnings: string[] = [];

  const version = info.get('redis_version') ?? 'unknown';
  if (!(Number.parseInt(version, 10) >= OLDEST_VERSION)) {
    problems.push(`redis_version is ${version}, expected ${OLDEST_VERSION} or newer`);
  }
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    problems.push(
      `maxmemory-policy is ${policy}, expected noeviction: what is evicted is missing on the page`,
    );
  }
  if (info.get('role') === 'slave') problems.push('the server is a replica, expected the primary');
  if (info.get('cluster_enabled') === '1' && failover.kind !== 'cluster') {
    problems.push('the server is part of a Redis Cluster, expected a URL that begins with redis+cluster://');
  }
  if (info.get('aof_enabled') === '0') {
    warnings.push('appendonly is no: after a crash everything since the last snapshot is folded again');
  }
  const canFailOver = failover.kind !== 'unknown' || Number(info.get('connected_slaves') ?? 0) > 0;
  if (canFailOver && config === null) {
    warnings.push(`CONFIG GET is refused: see that ${CHECKED_CONFIG.join(' and ')} are set`);
  }
  if (canFailOver && config !== null) problems.push(...replicaProblems(config, failover));
  return { kind: 'checked', problems, warnings };
}

/**
 * If there can be a failover, a primary that was cut off must stop answering before another one takes its
 * place.
 */
function replicaProblems(config: ReadonlyMap<string, string>, failover: Failover): string[] {
  const problems: string[] = [];
  if (Number(config.get('min-replicas-to-write') ?? 0) < 1) {
    problems.push(
      'min-replicas-to-write is 0, expected 1 or more: a primary that was cut off goes on answering',
    );
  }
  const lagSeconds = Number(config.get('min-replicas-max-lag') ?? 0);
  if (lagSeconds < 1 || lagSeconds > LONGEST_REPLICA_LAG_S) {
    problems.push(
      `min-replicas-max-lag is ${lagSeconds}, expected 1 to ${LONGEST_REPLICA_LAG_S} seconds, below the failover time`,
    );
  }
  const downAfterMs = failover.kind === 'sentinel' ? failover.downAfterMs : null;
  if (downAfterMs !== null && (lagSeconds + LAG_GRAIN_S) * 1000 > downAfterMs) {
    problems.push(
      `min-replicas-max-lag is ${lagSeconds} seconds, expected at least ${LAG_GRAIN_S} second less than the sentinels' ` +
        `down-after-milliseconds, which is ${downAfterMs}: a primary that was cut off goes on answering beside the next one`,
    );
  }
  return problems;
}

/** The lines `name:value` of INFO. */
function fields(info: string): Map<string, string> {
  const lines = info.split('\r\n').map((line) => line.split(':'));
  return new Map(
    lines.flatMap(([name, ...value]) => (name && value.length > 0 ? [[name, value.join(':')]] : [])),
  );
}
