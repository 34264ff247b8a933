/**
 * Which families are passed through at all (contract, "GPU passthrough"). The page's writer enforces it,
 * whoever made the event; whatever makes events from pages leaves the others out beforehand, so that they
 * cost nothing on the log.
 */

/**
 * Names that are ours or dstack's: an exporter's family under one would be taken for a figure of the ledger.
 */
export function isReserved(name: string): boolean {
  return name.startsWith('dstack_') || name.startsWith('fleetmeter_');
}

const PARTS = /_(?:bucket|sum|count|created)$/;
const COMPOSITE = new Set(['histogram', 'gaugehistogram', 'summary']);

/** A histogram, a summary, or a part of one: they can't be passed through sample by sample. */
export function isComposite(name: string, typeOf: (family: string) => string | undefined): boolean {
  const is = (family: string): boolean => COMPOSITE.has(typeOf(family)?.toLowerCase() ?? '');
  return is(name) || is(name.replace(PARTS, ''));
}
