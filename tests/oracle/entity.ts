/** The figures of one entity, each computed from all of its facts. */
import { member, numberAt, textAt } from './json';
import { compare, DEFAULT_STATUS, type EntityKind, type Fact } from './read';

export interface StatusPoint {
  readonly timeMs: number;
  readonly status: string;
  readonly fact: Fact;
}
interface PricePoint {
  readonly timeMs: number;
  readonly nanosPerHour: bigint;
}
export interface Gpu {
  readonly name: string;
  readonly count: number;
  readonly memoryBytes: number | undefined;
}
/** An entity's life so far: what its facts say, in the contract's order. */
export interface Life {
  readonly kind: EntityKind;
  readonly started: Fact | undefined;
  readonly provisioned: Fact | undefined;
  readonly finish: Fact | undefined;
  /** Status points that count. */
  readonly points: readonly StatusPoint[];
  readonly prices: readonly PricePoint[];
  readonly described: readonly Fact[];
  readonly provisions: readonly Fact[];
}

export function lifeOf(kind: EntityKind, facts: readonly Fact[]): Life {
  const sorted = [...facts].sort(compare);
  const described = sorted.filter((fact) => fact.role === 'described');
  const provisions = sorted.filter((fact) => fact.role === 'provisioned');
  const finish = sorted.find((fact) => fact.role === 'finished');
  const [started] = described;
  const [provisioned] = provisions;
  const points: StatusPoint[] = [];
  const prices: PricePoint[] = [];
  for (const fact of sorted) {
    const implied =
      fact === started ? DEFAULT_STATUS[kind] : fact === provisioned ? 'provisioning' : undefined;
    const status = fact.status ?? implied;
    if (status !== undefined) points.push({ timeMs: fact.timeMs, status, fact });
    if (fact.nanosPerHour !== undefined) {
      prices.push({ timeMs: fact.timeMs, nanosPerHour: fact.nanosPerHour });
    }
    // What comes later than the finish does not count, whenever it was learned.
    if (fact === finish) break;
  }
  return { kind, started, provisioned, finish, points, prices, described, provisions };
}

/** The field as the latest of these descriptions has it. */
export function latest(descriptions: readonly Fact[], path: string): unknown {
  for (let at = descriptions.length - 1; at >= 0; at--) {
    const found = member(descriptions[at]?.data, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A label as the latest of these descriptions has it, else ''. */
export function latestText(descriptions: readonly Fact[], path: string): string {
  const found = latest(descriptions, path);
  return typeof found === 'string' ? found : '';
}

/** The GPUs in the latest resources, which are taken as a whole. */
export function gpuOf(descriptions: readonly Fact[]): Gpu {
  const gpu = member(latest(descriptions, 'resources'), 'gpu');
  if (gpu === undefined) return { name: '', count: 0, memoryBytes: undefined };
  return {
    name: textAt(gpu, 'name'),
    count: numberAt(gpu, 'count'),
    memoryBytes: numberAt(gpu, 'memory_bytes'),
  };
}

/** Share of the instance that a job pays for: `used` of `total` blocks. */
export function blocksOf(provisions: readonly Fact[]): { used: bigint; total: bigint } {
  const blocks = latest(provisions, 'blocks');
  if (blocks === undefined) return { used: 1n, total: 1n };
  return { used: BigInt(numberAt(blocks, 'used')), total: BigInt(numberAt(blocks, 'total')) };
}

export function statusOf(life: Life): string {
  return life.points.at(-1)?.status ?? DEFAULT_STATUS[life.kind];
}

export function priceOf(life: Life): bigint {
  return life.prices.at(-1)?.nanosPerHour ?? 0n;
}

/** Where accrual ends: at the finish, or at the page's time if that is earlier or there is none. */
export function endOf(life: Life, pageTimeMs: number): number {
  return life.finish === undefined ? pageTimeMs : Math.min(pageTimeMs, life.finish.timeMs);
}

/**
 * Sum of price × time over [fromMs, toMs), in nano-dollars an hour × ms; over the time in one of `statuses`
 * alone, where given. Before any price point the price is 0.
 */
export function accrued(life: Life, fromMs: number, toMs: number, statuses?: readonly string[]): bigint {
  const edges = new Set([fromMs, toMs]);
  for (const point of [...life.prices, ...life.points]) {
    if (point.timeMs > fromMs && point.timeMs < toMs) edges.add(point.timeMs);
  }
  const cuts = [...edges].filter((edge) => edge <= toMs).sort((a, b) => a - b);
  let sum = 0n;
  let price = 0n;
  let status: string | undefined;
  let nextPrice = 0;
  let nextPoint = 0;
  cuts.forEach((cutMs, index) => {
    const untilMs = cuts[index + 1];
    if (untilMs === undefined) return;
    for (let p = life.prices[nextPrice]; p !== undefined && p.timeMs <= cutMs; p = life.prices[++nextPrice]) {
      price = p.nanosPerHour;
    }
    for (let p = life.points[nextPoint]; p !== undefined && p.timeMs <= cutMs; p = life.points[++nextPoint]) {
      status = p.status;
    }
    if (statuses === undefined || (status !== undefined && statuses.includes(status))) {
      sum += price * BigInt(untilMs - cutMs);
    }
  });
  return sum;
}
