/** Of the median. */
export type Goal = { readonly atMost: number } | { readonly atLeast: number };

/** One figure of a bench, as a line of JSON: what was found, over all rounds, and what it is to be. */
export interface Figure {
  readonly bench: string;
  readonly figure: string;
  readonly unit: string;
  readonly goal: Goal;
  readonly rounds: readonly number[];
  /** What else is worth keeping. */
  readonly more?: Readonly<Record<string, number | string>>;
}

export function report({ bench, figure, unit, goal, rounds, more = {} }: Figure): void {
  const sorted = rounds.toSorted((a, b) => a - b).map((value) => Number(value.toPrecision(4)));
  const value = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const met = 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
  const spread = { min: sorted[0], max: sorted.at(-1), rounds: sorted.length };
  console.log(JSON.stringify({ bench, figure, value, unit, goal, met, ...spread, ...more }));
}
