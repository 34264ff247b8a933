import type { Refusal } from '../../events/refusal';
import { isBlank } from '../history/file-fold';
import { CommandError, EXIT } from './exit';
import { openInput, readLines } from './lines';

/** How many refused lines are named; of the rest only the number. */
const NAMED = 10;

/**
 * Has each line of a file of events judged, in order, except for blank ones. Refusals are reported on
 * standard error: the first ten with line, reason and field, then the number of all. A file of which nothing
 * is taken has no figures: that ends the command with exit code 1.
 * @param take takes a line or returns why not
 */
export async function judgeFile(path: string, take: (line: Buffer) => Refusal | undefined): Promise<void> {
  const reasons = new Map<Refusal['reason'], number>();
  let number = 0;
  let judged = 0;
  let refused = 0;
  for await (const line of readLines(await openInput(path))) {
    number++;
    if (isBlank(line)) continue;
    judged++;
    const refusal = take(line);
    if (refusal === undefined) continue;
    if (++refused <= NAMED) process.stderr.write(`${refusedLine(number, refusal)}\n`);
    reasons.set(refusal.reason, (reasons.get(refusal.reason) ?? 0) + 1);
  }
  for (const [reason, count] of reasons) process.stderr.write(`refused: ${String(count)} ${reason}\n`);
  if (refused > 0 && refused === judged)
    throw new CommandError(EXIT.no, `${path}: no event could be taken, all ${String(refused)} were refused`);
}

/** `line 3: invalid_data: data.run.id: 17, expected a text of 1 to 128 UTF-16 units` */
export function refusedLine(
  number: number,
  { reason, detail }: { readonly reason: string; readonly detail: string },
): string {
  return `line ${String(number)}: ${reason}: ${detail}`;
}
