/** What is measured: a label, and one round of work to be timed. */
export type Candidate = readonly [label: string, round: () => void | Promise<void>];

/**
 * Times the candidates in turns, so that whatever else the machine does hits all of them alike, and prints
 * the time of one operation: min, median and max over the rounds, and the ratio of the median to the peer's,
 * which is the first candidate. `operations` is how many of them a round does. One round of each is run
 * before, unmeasured.
 */
export async function measure(
  title: string,
  operations: number,
  candidates: readonly Candidate[],
  rounds = 9,
): Promise<void> {
  const microseconds = candidates.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [index, [, work]] of candidates.entries()) {
      const start = performance.now();
      await work();
      const spent = ((performance.now() - start) * 1000) / operations;
      if (round >= 0) microseconds[index]!.push(spent);
    }
  }
  const sorted = microseconds.map((spent) => spent.toSorted((a, b) => a - b));
  const peer = median(sorted[0]!);
  const width = Math.max(...candidates.map(([label]) => label.length));
  console.log(`\n${title}: microseconds an operation, ${rounds} rounds of ${operations}`);
  console.log(`${''.padEnd(width)}        min    median       max    × peer`);
  for (const [index, [label]] of candidates.entries()) {
    const spent = sorted[index]!;
    const columns = [spent[0]!, median(spent), spent.at(-1)!].map((us) => us.toFixed(3).padStart(10));
    console.log(
      `${label.padEnd(width)} ${columns.join('')}${(median(spent) / peer).toFixed(2).padStart(10)}`,
    );
  }
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)]!;
}
