/** What decides which of two events is the earlier one. */
export interface OrderKey {
  readonly timeMs: number;
  readonly sequence?: string | undefined;
  /** statusRank() of the status that the event names or implies; above all of them for `price_changed`. */
  readonly rank: number;
  readonly source: string;
  readonly id: string;
}

const DIGITS = /^[0-9]+$/;

/**
 * Negative where `a` is earlier than `b`: by time; at the same millisecond by sequence (absent, then digits
 * as numbers, then other texts), rank, source, id. Texts are compared by UTF-16 code units, as JavaScript's
 * `<` does.
 */
export function compareOrder(a: OrderKey, b: OrderKey): number {
  return (
    a.timeMs - b.timeMs ||
    compareSequence(a.sequence, b.sequence) ||
    a.rank - b.rank ||
    compareText(a.source, b.source) ||
    compareText(a.id, b.id)
  );
}

function compareSequence(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  const numeric = DIGITS.test(a);
  if (numeric !== DIGITS.test(b)) return numeric ? -1 : 1;
  return numeric ? compareDigits(a, b) : compareText(a, b);
}

/** As numbers of any size, without creating them. */
function compareDigits(a: string, b: string): number {
  const x = a.replace(/^0+/, '');
  const y = b.replace(/^0+/, '');
  return x.length - y.length || compareText(x, y);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
