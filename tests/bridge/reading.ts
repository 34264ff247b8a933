/** A control plane read to its end, and the ledger that its facts make. */
import type { LifecycleEvent } from '../../events/event';
import { encodeEvent } from '../../events/codec';
import { eventOf, type Fact } from '../../services/bridge/fact';
import type { ControlPlane } from '../../services/bridge/port';
import { DEFAULT_SETTINGS } from '../support/history';
import { foldLines, pageOf } from '../support/folded';

export interface Read {
  readonly facts: readonly Fact[];
  /** As it is kept: JSON. */
  readonly state: string;
}

/** What one piece gives; throws where there is none. */
export async function readPiece(plane: ControlPlane, state: string | undefined) {
  const advance = await plane.advance(state === undefined ? undefined : JSON.parse(state));
  if (advance.kind === 'unavailable') throw new Error(`${advance.fault}: ${advance.detail}`);
  return { ...advance, state: JSON.stringify(advance.state) };
}

/** Until all that has happened is read. */
export async function readOn(plane: ControlPlane, from: string | undefined): Promise<Read> {
  const facts: Fact[] = [];
  for (let state = from; ;) {
    const piece = await readPiece(plane, state);
    facts.push(...piece.facts);
    state = piece.state;
    if (piece.phase === 'changes') return { facts, state };
  }
}

export function linesOf(facts: readonly Fact[]): string[] {
  return facts.map((fact) => encodeEvent(tell(fact)));
}

export function tell(fact: Fact): LifecycleEvent {
  const event = eventOf(fact, '/plane');
  if (event === undefined) throw new Error(`no event: ${JSON.stringify(fact)}`);
  return event;
}

/** The ledger's page as of a moment; throws where an event is refused. */
export function ledgerOf(facts: readonly Fact[], atMs: number): string {
  const folded = foldLines(linesOf(facts), DEFAULT_SETTINGS, atMs);
  if (folded.dead.length > 0) throw new Error(`refused: ${JSON.stringify(folded.dead)}`);
  // When a source has last told something is no figure of the ledger's.
  return pageOf(folded).replaceAll(/^fleetmeter_source_last.*\n/gm, '');
}
