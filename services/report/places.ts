import { NOTHING, minus, plus } from './amount';
import type { Amount } from './amount';

/**
 * What is known of each id as of each boundary: valid from one boundary on, until the same life says
 * otherwise or a later life of the id begins.
 */
export interface Known<T> {
  /** @param life lives of an id must come one after another, the boundaries of a life in order */
  put(id: string, life: object, boundary: number, value: T): void;
  /** Undefined: it is not known by then. */
  at(id: string, boundary: number): T | undefined;
  /** The first boundary as of which the id is known; Infinity: never. */
  since(id: string): number;
}

interface Life<T> {
  readonly of: object;
  readonly said: { readonly from: number; readonly value: T }[];
}

export function openKnown<T>(): Known<T> {
  const all = new Map<string, Life<T>[]>();
  return {
    put(id, of, from, value) {
      const lives = all.get(id) ?? [];
      all.set(id, lives);
      const last = lives.at(-1);
      if (last?.of === of) last.said.push({ from, value });
      else lives.push({ of, said: [{ from, value }] });
    },
    at(id, boundary) {
      const byThen = (all.get(id) ?? []).map(({ said }) => said.findLast(({ from }) => from <= boundary));
      return byThen.findLast((said) => said !== undefined)?.value;
    },
    since: (id) => Math.min(Infinity, ...(all.get(id) ?? []).map(({ said }) => said[0]?.from ?? Infinity)),
  };
}

/** What the jobs on one instance had cost as of the first boundary, and what they cost in each span. */
export interface JobsOn {
  base: Amount;
  readonly grown: Map<number, Amount>;
}

export interface OnInstances {
  /** As of the first boundary. */
  begin(instanceId: string, amount: Amount): void;
  grow(instanceId: string, span: number, before: Amount, after: Amount): void;
  readonly all: ReadonlyMap<string, JobsOn>;
}

export function openOnInstances(): OnInstances {
  const all = new Map<string, JobsOn>();
  const of = (instanceId: string): JobsOn => {
    const known = all.get(instanceId) ?? { base: NOTHING, grown: new Map<number, Amount>() };
    all.set(instanceId, known);
    return known;
  };
  return {
    all,
    begin(instanceId, amount) {
      const on = of(instanceId);
      on.base = plus(on.base, amount);
    },
    grow(instanceId, span, before, after) {
      const { grown } = of(instanceId);
      grown.set(span, plus(grown.get(span) ?? NOTHING, minus(after, before)));
    },
  };
}
