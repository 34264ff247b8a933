/**
 * Which families are passed through at all (contract, "GPU passthrough"). A page's writer holds to it, whoever made the event;
 * what makes events of pages leaves the others out before, so that they cost nothing on the log.
 */

/** Names that are ours or dstack's: an exporter's family under one would be taken for a figure of the ledger. */
export function isReserved(name: string): boolean {
  return name.startsWith('dstack_') || name.startsWith('fleetmeter_');
}

const PARTS = /_(?:bucket|sum|count|created)$/;
const COMPOSITE = new Set(['histogram', 'gaugehistogram', 'summary']);

/** A histogram, a summary, or a part of one: the last of several samples is no histogram. */
export function isComposite(name: string, typeOf: (family: string) => string | undefined): boolean {
  const is = (family: string): boolean => COMPOSITE.has(typeOf(family)?.toLowerCase() ?? '');
  return is(name) || is(name.replace(PARTS, ''));
}
