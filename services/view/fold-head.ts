import { createHash } from 'node:crypto';
import { SUM_FAMILIES } from '../catalogue/families';
import type { Ledger, LedgerScalars, LedgerSettings } from '../fold/ledger';
import { FOLD_VERSION } from '../fold/state';

/**
 * The fold's part of a partition's head: what a state was folded with, and the ledger's scalars. JSON values
 * only.
 */
export interface FoldHead {
  readonly version: number;
  /** The fingerprint FAMILIES of the version that folded it. */
  readonly families?: string;
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
  /** Why the log is not the one that was folded; no page may then be made from the state. */
  readonly diverged?: string;
}

export interface RecordMark {
  readonly offset: number;
  readonly appendTimeMs: number;
  /** Hash of its value. */
  readonly hash: string;
}

/**
 * A fingerprint of the sum families. What has been absorbed is only in the totals of the families that
 * existed then: a new family would lack it for good, and nobody would notice.
 */
const FAMILIES = createHash('sha256')
  .update(
    JSON.stringify(
      Array.from(SUM_FAMILIES.values(), ({ name, labels, per, bounds }) => [
        name,
        labels,
        per,
        bounds,
      ]).sort(),
    ),
  )
  .digest('base64url')
  .slice(0, 22);

export function encodeFoldHead({ settings, scalars }: Ledger, marks: LogMarks = {}): string {
  const { latenessMs, dedupeMs } = settings;
  const head: FoldHead = {
    version: FOLD_VERSION,
    families: FAMILIES,
    latenessMs,
    dedupeMs,
    scalars,
    marks,
  };
  return JSON.stringify(head);
}

export function decodeFoldHead(text: string): FoldHead {
  return JSON.parse(text) as FoldHead;
}

/**
 * Why a state that was folded differently can't be continued; undefined: it can. Mixing the two would make
 * figures that no replay gives.
 */
export function foldMismatch(head: FoldHead, settings: LedgerSettings): string | undefined {
  const unlike = versionMismatch(head) ?? familiesMismatch(head);
  if (unlike !== undefined) return unlike;
  if (head.latenessMs !== settings.latenessMs || head.dedupeMs !== settings.dedupeMs) {
    const was = `FLEETMETER_LATENESS_SECONDS=${String(head.latenessMs / 1000)}`;
    return `it was folded with ${was}, FLEETMETER_DEDUPE_SECONDS=${String(head.dedupeMs / 1000)}`;
  }
  return undefined;
}

/** Why a state can't be read; undefined: it can. */
export function versionMismatch({ version }: FoldHead): string | undefined {
  if (version === FOLD_VERSION) return undefined;
  return `it was folded by version ${String(version)} of the fold, this is ${String(FOLD_VERSION)}`;
}

/** Why a state lacks some of what a page shows; undefined: it doesn't. */
export function familiesMismatch({ families }: FoldHead): string | undefined {
  if (families === FAMILIES) return undefined;
  return 'it was folded for other metric families: its totals would lack what had settled by then';
}
