/**
 * Compares the oracle with the reference in Python over random histories:
 *   node -r @swc-node/register tests/oracle/compare.ts [seed] [count]
 * Exit 0 where they agree, 1 at the first difference (printed with a small history that shows it).
 */
import { linesOf, makeHistory } from '../support/history';
import { differencesOf, shrink } from './difference';
import { foldNaively, type OracleOptions } from './index';
import { openReference, isKnownToReference, knownToReference, referenceAbsent } from './python';

function main(firstSeed: number, count: number): number {
  const absent = referenceAbsent();
  if (absent !== undefined) {
    console.error(`nothing to compare with: ${absent}`);
    return 3;
  }
  const reference = openReference();
  const seen = new Map<string, number>();
  let series = 0;
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const history = makeHistory(seed, 20 + ((seed * 37) % 281));
    const options: OracleOptions = {
      ...history.settings,
      ...(history.atMs === undefined ? {} : { atMs: history.atMs }),
    };
    const differ = (lines: readonly string[]): string[] =>
      differencesOf(
        knownToReference(foldNaively(lines, options)),
        knownToReference(reference(lines, options)),
      );
    const known = linesOf(history).filter(isKnownToReference);
    const page = foldNaively(known, options);
    if (differ(known).length > 0) {
      const small = shrink(known, (lines) => differ(lines).length > 0);
      console.log(`seed ${seed}`, options);
      console.log([...small, ...differ(small)].join('\n'));
      return 1;
    }
    series += page.series.size;
    for (const { reason } of page.dead) seen.set(reason, (seen.get(reason) ?? 0) + 1);
  }
  console.log(`${count} histories agree in ${series} series;`, 'refused:', Object.fromEntries(seen));
  return 0;
}

process.exitCode = main(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 100));
