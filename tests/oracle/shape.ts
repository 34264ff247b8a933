/** What `data` of each event type must look like (contract.md, section 1, both tables). */
import { isObject, member } from './json';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
/** A text that becomes a label. */
const label: Check = (value) => typeof value === 'string' && Buffer.byteLength(value, 'utf8') <= 1024;
const id: Check = (value) => typeof value === 'string' && value.length >= 1 && value.length <= 128;
const flag: Check = (value) => typeof value === 'boolean';
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const nonNegative: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const dollars: Check = (value) => nonNegative(value) && Number(value) <= 1_000_000;
const integer: Check = (value) => Number.isInteger(value);
const count: Check = (value) => Number.isInteger(value) && Number(value) >= 0;
const positive: Check = (value) => Number.isInteger(value) && Number(value) >= 1;

/** Absent, null, or as `check` has it. */
function maybe(check: Check): Check {
  return (value) => value === undefined || value === null || check(value);
}
function object(members: Record<string, Check>): Check {
  const checks = Object.entries(members);
  return (value) =>
    isObject(value) &&
    checks.every(([name, check]) => check(Object.hasOwn(value, name) ? value[name] : undefined));
}
function list(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}
function record(check: Check): Check {
  return (value) => isObject(value) && Object.values(value).every(check);
}
function all(...checks: Check[]): Check {
  return (value) => checks.every((check) => check(value));
}

const resources = object({
  cpus: nonNegative,
  memory_bytes: nonNegative,
  gpu: maybe(object({ vendor: maybe(text), name: label, count, memory_bytes: nonNegative })),
});
const price = object({ dollars_per_hour: dollars });
const someInstance = object({ id });
const someRun = object({ id });
const someJob = object({ id });
const namedRun = object({ id, name: label, type: label });
const tagText: Check = (value) => typeof value === 'string' && Buffer.byteLength(value, 'utf8') <= 256;
const tags: Check = (value) => {
  const pairs = isObject(value) ? Object.entries(value).filter(([, text]) => text !== null) : undefined;
  return pairs !== undefined && pairs.length <= 32 && pairs.flat().every(tagText);
};
const blocks = all(
  object({ used: positive, total: positive }),
  (value) => Number(member(value, 'used')) <= Number(member(value, 'total')),
);
const row = object({ labels: record(label), values: record(maybe(number)), timestamp_ms: maybe(integer) });
const target: Check = (value) =>
  member(value, 'job') === undefined
    ? object({ instance: someInstance })(value)
    : object({ run: someRun, job: someJob })(value);

/** By type, without `fleetmeter.` and `.v1`. Which statuses are allowed is judged apart. */
export const SHAPES: ReadonlyMap<string, Check> = new Map([
  [
    'instance.started',
    object({
      project: label,
      fleet: maybe(object({ id, name: label })),
      instance: object({
        id,
        name: label,
        type: maybe(label),
        backend: maybe(label),
        region: maybe(text),
        total_blocks: maybe(positive),
      }),
      resources: maybe(resources),
      price: maybe(price),
      status: maybe(text),
      snapshot: maybe(flag),
    }),
  ],
  ['instance.status_changed', object({ instance: someInstance, status: text })],
  ['instance.price_changed', object({ instance: someInstance, price })],
  ['instance.terminated', object({ instance: someInstance, reason: maybe(text) })],
  [
    'run.submitted',
    object({
      project: label,
      user: label,
      run: all(namedRun, object({ tags: maybe(tags) })),
      status: maybe(text),
      snapshot: maybe(flag),
    }),
  ],
  ['run.status_changed', object({ run: someRun, status: text })],
  ['run.finished', object({ run: someRun, status: text, reason: maybe(text) })],
  [
    'job.submitted',
    object({
      project: label,
      user: label,
      run: namedRun,
      job: object({ id, name: label, num: count, replica_num: count, submission_num: maybe(count) }),
      snapshot: maybe(flag),
    }),
  ],
  [
    'job.provisioned',
    object({
      run: someRun,
      job: someJob,
      instance: object({
        id: maybe(id),
        name: maybe(label),
        type: maybe(label),
        backend: label,
        gpu_uuids: maybe(list(text)),
      }),
      resources,
      price,
      blocks: maybe(blocks),
    }),
  ],
  ['job.status_changed', object({ run: someRun, job: someJob, status: text })],
  ['job.price_changed', object({ run: someRun, job: someJob, price })],
  [
    'job.finished',
    object({ run: someRun, job: someJob, status: text, reason: maybe(text), exit_status: maybe(integer) }),
  ],
  [
    'volume.created',
    object({
      project: label,
      user: maybe(label),
      volume: object({
        id,
        name: label,
        backend: maybe(label),
        region: maybe(label),
        size_bytes: maybe(nonNegative),
      }),
      price: maybe(price),
      snapshot: maybe(flag),
    }),
  ],
  ['volume.price_changed', object({ volume: object({ id }), price })],
  ['volume.deleted', object({ volume: object({ id }), reason: maybe(text) })],
  [
    'job.sampled',
    object({
      run: someRun,
      job: someJob,
      cpu_time_seconds: maybe(nonNegative),
      memory_usage_bytes: maybe(nonNegative),
      memory_working_set_bytes: maybe(nonNegative),
      gpus: maybe(list(object({ usage_ratio: maybe(nonNegative), memory_usage_bytes: maybe(nonNegative) }))),
    }),
  ],
  [
    'gpu.sampled',
    all(
      target,
      object({ exporter: text, families: record(object({ type: text, help: text })), series: list(row) }),
    ),
  ],
]);
