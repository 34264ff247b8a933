/** Reading one record: a CloudEvent of ours, or the reason why it is none. */
import { isObject, member, textAt, type JsonObject } from './json';
import { partitionOf } from './route';
import { SHAPES } from './shape';
import { parseTime } from './time';

export type EntityKind = 'instance' | 'run' | 'job' | 'volume';
export type Reason =
  | 'invalid_json'
  | 'invalid_envelope'
  | 'unknown_type'
  | 'invalid_data'
  | 'too_large'
  | 'too_late'
  | 'from_the_future';

interface Common {
  readonly data: JsonObject;
  readonly timeMs: number;
  readonly sequence: string | undefined;
  readonly source: string;
  readonly id: string;
  readonly partition: number;
  /** Which entity it is of; unique over all kinds. */
  readonly entity: string;
}
export interface Fact extends Common {
  readonly what: 'fact';
  readonly kind: EntityKind;
  readonly role: 'described' | 'provisioned' | 'status' | 'price' | 'finished';
  readonly recordedMs: number | undefined;
  /** The status that it names, if any. */
  readonly status: string | undefined;
  readonly nanosPerHour: bigint | undefined;
  /** Orders events of the same millisecond and sequence. */
  readonly rank: number;
  readonly snapshot: boolean;
}
export interface Sample extends Common {
  readonly what: 'sample';
  /** Undefined: usage (`job.sampled`). */
  readonly exporter: string | undefined;
  readonly rank: -1;
}
export type Reading = Fact | Sample | { readonly what: 'refused'; readonly reason: Reason };

/** Unfinished and finished statuses of each kind, in dstack's order. */
export const UNFINISHED: Readonly<Record<EntityKind, readonly string[]>> = {
  instance: ['pending', 'provisioning', 'idle', 'busy', 'terminating'],
  run: ['pending', 'submitted', 'provisioning', 'running', 'terminating'],
  job: ['submitted', 'provisioning', 'pulling', 'running', 'terminating'],
  volume: ['active'],
};
export const FINISHED: Readonly<Record<EntityKind, readonly string[]>> = {
  instance: ['terminated'],
  run: ['terminated', 'failed', 'done'],
  job: ['terminated', 'aborted', 'failed', 'done'],
  volume: ['deleted'],
};
/** The status of an entity whose earliest description names none. */
export const DEFAULT_STATUS: Readonly<Record<EntityKind, string>> = {
  instance: 'provisioning',
  run: 'submitted',
  job: 'submitted',
  volume: 'active',
};
const AFTER_ALL_STATUSES = 99;
const MAX_BYTES = 1_000_000;
const ROLES: ReadonlyMap<string, Fact['role']> = new Map([
  ['started', 'described'],
  ['submitted', 'described'],
  ['created', 'described'],
  ['provisioned', 'provisioned'],
  ['status_changed', 'status'],
  ['price_changed', 'price'],
  ['finished', 'finished'],
  ['terminated', 'finished'],
  ['deleted', 'finished'],
]);

function refused(reason: Reason): Reading {
  return { what: 'refused', reason };
}

export function instanceKey(id: string): string {
  return JSON.stringify(['instance', id]);
}
export function runKey(id: string): string {
  return JSON.stringify(['run', id]);
}
export function jobKey(runId: string, jobId: string): string {
  return JSON.stringify(['job', runId, jobId]);
}

/** Nano-dollars an hour, rounded half up from the decimal that JavaScript prints. */
function nanosOf(dollarsPerHour: number): bigint {
  const [mantissa = '', exponent = '0'] = String(dollarsPerHour).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = BigInt(whole + fraction);
  const shift = Number(exponent) - fraction.length + 9;
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const unit = 10n ** BigInt(-shift);
  return (2n * digits + unit) / (2n * unit);
}

/** Reads one record's value. */
export function read(line: string, partitions: number): Reading {
  if (Buffer.byteLength(line, 'utf8') > MAX_BYTES) return refused('too_large');
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return refused('invalid_json');
  }
  const envelope = readEnvelope(event);
  if (envelope === null) return refused('invalid_envelope');
  const name = /^fleetmeter\.([a-z]+\.[a-z_]+)\.v1$/.exec(envelope.type)?.[1] ?? '';
  const shape = SHAPES.get(name);
  if (shape === undefined) return refused('unknown_type');
  const data = dataOf(event);
  if (!isObject(data) || !shape(data)) return refused('invalid_data');
  const { timeMs, sequence, source, id } = envelope;
  const common = { data, timeMs, sequence, source, id };
  const [noun, verb = ''] = name.split('.');
  const target = addressOf(noun === 'gpu' ? (member(data, 'job') ? 'job' : 'instance') : kindOf(noun), data);
  const address = { entity: target.entity, partition: partitionOf(target.key, partitions) };
  if (verb === 'sampled') {
    const exporter = noun === 'gpu' ? textAt(data, 'exporter') : undefined;
    return { ...common, ...address, what: 'sample', exporter, rank: -1 };
  }
  const role = ROLES.get(verb);
  if (role === undefined) return refused('unknown_type');
  const kind = target.kind;
  const status = statusOf(kind, role, data);
  if (status !== undefined && !allowed(kind, role).includes(status)) return refused('invalid_data');
  const dollars =
    role === 'finished' || role === 'status' ? undefined : member(data, 'price.dollars_per_hour');
  const priced = kind === 'instance' || kind === 'volume' || role === 'provisioned' || role === 'price';
  return {
    ...common,
    ...address,
    what: 'fact',
    kind,
    role,
    recordedMs: envelope.recordedMs,
    status,
    nanosPerHour: priced && typeof dollars === 'number' ? nanosOf(dollars) : undefined,
    rank: rankOf(kind, role, status),
    snapshot: role === 'described' && member(data, 'snapshot') === true,
  };
}

interface Envelope {
  readonly type: string;
  readonly id: string;
  readonly source: string;
  readonly timeMs: number;
  readonly sequence: string | undefined;
  readonly recordedMs: number | undefined;
}

function readEnvelope(event: unknown): Envelope | null {
  if (member(event, 'specversion') !== '1.0') return null;
  const id = member(event, 'id');
  const source = member(event, 'source');
  const type = member(event, 'type');
  const sequence = member(event, 'sequence');
  const recorded = member(event, 'recordedtime');
  const timeMs = parseTime(member(event, 'time'));
  const recordedMs = recorded === undefined ? undefined : parseTime(recorded);
  if (typeof id !== 'string' || typeof source !== 'string' || typeof type !== 'string') return null;
  if (id === '' || source === '' || Buffer.byteLength(source, 'utf8') > 1024) return null;
  if (sequence !== undefined && typeof sequence !== 'string') return null;
  if (timeMs === null || recordedMs === null) return null;
  if (/\p{Cc}/u.test(id + source) || !Object.entries(event ?? {}).every(isMember)) return null;
  if (member(event, 'data_base64') !== undefined && member(event, 'data') !== undefined) return null;
  return { type, id, source, timeMs, sequence, recordedMs };
}

function isMember([name, value]: [string, unknown]): boolean {
  if (name === 'data' || value === null) return true;
  return (
    typeof value === 'string' || (name !== 'data_base64' && ['number', 'boolean'].includes(typeof value))
  );
}

/** What stands for `data`, decoded; undefined if it is no JSON in base64. */
function dataOf(event: unknown): unknown {
  const base64 = member(event, 'data_base64');
  if (typeof base64 !== 'string') return member(event, 'data');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function kindOf(noun: string | undefined): EntityKind {
  return noun === 'instance' || noun === 'run' || noun === 'volume' ? noun : 'job';
}

function addressOf(kind: EntityKind, data: JsonObject): { kind: EntityKind; key: string; entity: string } {
  const runId = textAt(data, 'run.id');
  switch (kind) {
    case 'instance':
      return { kind, key: textAt(data, 'instance.id'), entity: instanceKey(textAt(data, 'instance.id')) };
    case 'run':
      return { kind, key: runId, entity: runKey(runId) };
    case 'job':
      return { kind, key: runId, entity: jobKey(runId, textAt(data, 'job.id')) };
    case 'volume': {
      const volumeId = textAt(data, 'volume.id');
      return { kind, key: volumeId, entity: JSON.stringify(['volume', volumeId]) };
    }
  }
}

/**
 * Only instances and runs name a status where they are described; a job's `submitted` and `provisioned` have
 * none, nor has a volume's `created`.
 */
function statusOf(kind: EntityKind, role: Fact['role'], data: JsonObject): string | undefined {
  if (role === 'finished' && kind === 'instance') return 'terminated';
  if (role === 'finished' && kind === 'volume') return 'deleted';
  const describesStatus = kind === 'instance' || kind === 'run';
  const named = role === 'status' || role === 'finished' || (role === 'described' && describesStatus);
  const status = named ? member(data, 'status') : undefined;
  return typeof status === 'string' ? status : undefined;
}

function allowed(kind: EntityKind, role: Fact['role']): readonly string[] {
  if (role === 'finished') return FINISHED[kind];
  return kind === 'run' && role === 'described' ? ['submitted', 'pending'] : UNFINISHED[kind];
}

function rankOf(kind: EntityKind, role: Fact['role'], status: string | undefined): number {
  if (role === 'price') return AFTER_ALL_STATUSES;
  const implied = role === 'provisioned' ? 'provisioning' : DEFAULT_STATUS[kind];
  return [...UNFINISHED[kind], ...FINISHED[kind]].indexOf(status ?? implied);
}

/** The contract's "earlier and later": by time, sequence, status rank, source, id. */
export function compare(a: Fact | Sample, b: Fact | Sample): number {
  return (
    a.timeMs - b.timeMs ||
    compareSequence(a.sequence, b.sequence) ||
    a.rank - b.rank ||
    compareText(a.source, b.source) ||
    compareText(a.id, b.id)
  );
}

/** By UTF-16 code units, which is what JavaScript's own operators compare. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareSequence(a: string | undefined, b: string | undefined): number {
  const group = (text: string | undefined): number =>
    text === undefined ? 0 : /^[0-9]+$/.test(text) ? 1 : 2;
  if (group(a) !== group(b)) return group(a) - group(b);
  if (a === undefined || b === undefined) return 0;
  if (group(a) === 2) return compareText(a, b);
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
