import type { Ledger, LedgerScalars, LedgerSettings } from '../fold/ledger';
import { FOLD_VERSION } from '../fold/state';

/** The fold's part of a partition's head: what a state was folded with, and the ledger's scalars. Of JSON values alone. */
export interface FoldHead {
  readonly version: number;
  readonly latenessMs: number;
  readonly dedupeMs: number;
  readonly scalars: LedgerScalars;
  readonly marks: LogMarks;
}

/** What ties a state to the log that it was folded from. */
export interface LogMarks {
  /** The last record folded of each topic; absent: none yet. */
  readonly lifecycle?: RecordMark;
  readonly telemetry?: RecordMark;
  /** Why the log is not the one that was folded; no page is to be made of the state then. */
  readonly diverged?: string;
}

export interface RecordMark {
  readonly offset: number;
  readonly appendTimeMs: number;
  /** Of its value. */
  readonly hash: string;
}

export function encodeFoldHead({ settings, scalars }: Ledger, marks: LogMarks = {}): string {
  const { latenessMs, dedupeMs } = settings;
  const head: FoldHead = { version: FOLD_VERSION, latenessMs, dedupeMs, scalars, marks };
  return JSON.stringify(head);
}

export function decodeFoldHead(text: string): FoldHead {
  return JSON.parse(text) as FoldHead;
}

/**
 * Why a state that was folded otherwise can't be gone on with; undefined: it can. Mixing them would make figures that no replay
 * gives again.
 */
export function foldMismatch(head: FoldHead, settings: LedgerSettings): string | undefined {
  if (head.version !== FOLD_VERSION) {
    return `it was folded by version ${String(head.version)} of the fold, this is ${String(FOLD_VERSION)}`;
  }
  if (head.latenessMs !== settings.latenessMs || head.dedupeMs !== settings.dedupeMs) {
    const was = `FLEETMETER_LATENESS_SECONDS=${String(head.latenessMs / 1000)}`;
    return `it was folded with ${was}, FLEETMETER_DEDUPE_SECONDS=${String(head.dedupeMs / 1000)}`;
  }
  return undefined;
}
