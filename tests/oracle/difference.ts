/** Comparing two pages of the same history, and making a history that tells them apart small. */
export interface Comparable {
  readonly series: ReadonlyMap<string, number>;
  readonly dead: readonly { readonly line: number; readonly reason: unknown }[];
}

/** The first few differences, one a line, refusals first; none: []. */
export function differencesOf(ours: Comparable, theirs: Comparable, limit = 5): string[] {
  const found: string[] = [];
  const note = (what: string, mine: unknown, other: unknown): void => {
    if (found.length < limit && mine !== other)
      found.push(`${what}: ${String(mine)} against ${String(other)}`);
  };
  const [dead, otherDead] = [ours, theirs].map(
    (page) => new Map(page.dead.map((each) => [each.line, each.reason])),
  );
  for (const line of new Set([...(dead?.keys() ?? []), ...(otherDead?.keys() ?? [])])) {
    note(`line ${line}`, dead?.get(line), otherDead?.get(line));
  }
  for (const key of new Set([...ours.series.keys(), ...theirs.series.keys()])) {
    note(key, ours.series.get(key), theirs.series.get(key));
  }
  return found;
}

/** Fewest lines, by leaving out ever smaller parts, that still fail. */
export function shrink(
  lines: readonly string[],
  fails: (lines: readonly string[]) => boolean,
): readonly string[] {
  let smallest = lines;
  for (let size = Math.ceil(lines.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length;) {
      const fewer = [...smallest.slice(0, at), ...smallest.slice(at + size)];
      if (fails(fewer)) smallest = fewer;
      else at += size;
    }
  }
  return smallest;
}
