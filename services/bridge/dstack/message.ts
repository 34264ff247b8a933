/** What a dstack event says. Its text is not a contract: unknown ones are only counted. */
export type Message =
  | {
      readonly kind: 'status';
      readonly of: Subject;
      /** In lower case, as in the lists. */
      readonly status: string;
      readonly reason?: string;
    }
  /**
   * Something exists, in this status; for an instance that is created or provisioned for a job, both are
   * told.
   */
  | { readonly kind: 'created'; readonly of: Subject; readonly status: string }
  | { readonly kind: 'provisioned'; readonly status: string }
  | { readonly kind: 'assigned' }
  /** Known to say nothing about what is metered. */
  | { readonly kind: 'other' }
  | { readonly kind: 'unknown' };

export type Subject = 'run' | 'job' | 'instance';

const STATUS = /^(Run|Job|Instance) status changed [A-Z_]+ -> ([A-Z_]+)(?:\. Termination reason: ([A-Z_]+))?/;
const CREATED = /^(?:(Run) submitted|(Job|Instance) created [^.]*)\. (?:Instance s|S)tatus: ([A-Z_]+)/;
const PROVISIONED = /^Instance provisioned for job\. Instance status: ([A-Z_]+)/;
const ASSIGNED = 'Job assigned to instance';
const OTHER =
  /^(?:Run (?:deleted|updated)|Job (?:unassigned|became)|Graceful job stop|Instance (?:became|health)|Service |Volume )/;

const SUBJECTS: ReadonlyMap<string, Subject> = new Map([
  ['Run', 'run'],
  ['Job', 'job'],
  ['Instance', 'instance'],
]);

/** Anchored at the start: free text, such as a backend's error, follows a reason. */
export function readMessage(text: string): Message {
  const changed = STATUS.exec(text);
  if (changed !== null) {
    const [, subject = '', status = '', reason] = changed;
    return {
      kind: 'status',
      of: SUBJECTS.get(subject) ?? 'run',
      status: status.toLowerCase(),
      ...(reason === undefined ? {} : { reason: reason.toLowerCase() }),
    };
  }
  const created = CREATED.exec(text);
  if (created !== null) {
    const [, run, other, status = ''] = created;
    return { kind: 'created', of: SUBJECTS.get(run ?? other ?? '') ?? 'run', status: status.toLowerCase() };
  }
  const provisioned = PROVISIONED.exec(text);
  if (provisioned !== null) return { kind: 'provisioned', status: (provisioned[1] ?? '').toLowerCase() };
  if (text.startsWith(ASSIGNED)) return { kind: 'assigned' };
  return OTHER.test(text) ? { kind: 'other' } : { kind: 'unknown' };
}
