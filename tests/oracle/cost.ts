/**
 * What a time cost, the naive way: the ledger as of its end minus that as of its start, each computed anew
 * (contract, "Commands").
 */
import { accrued, blocksOf, endOf, gpuOf, latestText, lifeOf, type Life } from './entity';
import { openJudge, type Entity } from './judge';
import { read } from './read';
import { type OracleOptions } from './index';

const MS_AN_HOUR = 3_600_000n;
const COSTING = ['provisioning', 'idle', 'busy', 'terminating'];

/** Nano-dollars by `kind project user backend gpu run_type`, as JSON. */
export type Costs = ReadonlyMap<string, bigint>;

export function costNaively(
  lines: readonly string[],
  options: OracleOptions,
  fromMs: number,
  toMs: number,
): Costs {
  const judge = openJudge(options);
  for (const line of lines) {
    if (line.trim() === '') continue;
    const reading = read(line, options.partitions);
    if (reading.what === 'fact') judge.judge(reading, undefined);
  }
  const costs = new Map<string, bigint>();
  const entities = judge.entities();
  for (const [sign, atMs] of [
    [1n, toMs],
    [-1n, fromMs],
  ] as const) {
    for (const [key, units] of ledgerAt(entities, atMs))
      costs.set(key, (costs.get(key) ?? 0n) + sign * units);
  }
  return new Map([...costs].filter(([, units]) => units !== 0n));
}

function ledgerAt(entities: readonly Entity[], atMs: number): Map<string, bigint> {
  const ledger = new Map<string, bigint>();
  const add = (key: readonly string[], units: bigint): void => {
    const text = JSON.stringify(key);
    ledger.set(text, (ledger.get(text) ?? 0n) + units);
  };
  const lives = entities.map(({ kind, facts }) =>
    lifeOf(
      kind,
      facts.filter(({ timeMs }) => timeMs <= atMs),
    ),
  );
  /** Of an id the last life that is known. */
  const instances = new Map<string, readonly string[]>();
  for (const life of lives.filter(({ kind, started }) => kind === 'instance' && started !== undefined)) {
    const key = instanceKeyOf(life);
    instances.set(latestText(life.described, 'instance.id'), key);
    const since = life.started?.timeMs ?? 0;
    const cost = accrued(life, since, endOf(life, atMs), COSTING) / MS_AN_HOUR;
    const idle = accrued(life, since, endOf(life, atMs), ['idle']) / MS_AN_HOUR;
    add(['idle', ...key], idle);
    add(['unallocated', ...key], cost - idle);
  }
  for (const life of lives.filter(({ kind, started }) => kind === 'job' && started !== undefined)) {
    if (life.provisioned === undefined) continue;
    const blocks = blocksOf(life.provisions);
    const area = accrued(life, life.provisioned.timeMs, endOf(life, atMs));
    const cost = (area * blocks.used) / (MS_AN_HOUR * blocks.total);
    add(['job', ...jobKeyOf(life)], cost);
    const on = instances.get(latestText(life.provisions, 'instance.id'));
    if (on !== undefined) add(['unallocated', ...on], -cost);
  }
  for (const life of lives.filter(({ kind, started }) => kind === 'volume' && started !== undefined)) {
    const cost = accrued(life, life.started?.timeMs ?? 0, endOf(life, atMs)) / MS_AN_HOUR;
    const text = (path: string): string => latestText(life.described, path);
    add(['volume', text('project'), text('user'), text('volume.backend'), '', ''], cost);
  }
  return ledger;
}

function instanceKeyOf({ described }: Life): readonly string[] {
  return [
    latestText(described, 'project'),
    '',
    latestText(described, 'instance.backend'),
    gpuOf(described).name,
    '',
  ];
}

function jobKeyOf({ described, provisions }: Life): readonly string[] {
  return [
    latestText(described, 'project'),
    latestText(described, 'user'),
    latestText(provisions, 'instance.backend'),
    gpuOf(provisions).name,
    latestText(described, 'run.type'),
  ];
}
