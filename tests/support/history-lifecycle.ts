/** Lifecycle events: what happens to the few instances, runs and jobs of a world, in no sensible order. */
import { type Random } from './history-random';
import { labelOf, priceOf, reasonOf, resourcesOf, someOf, tagsOf } from './history-values';
import { instanceIdOf, jobIdOf, runIdOf, volumeIdOf, type Payload, type World } from './history-world';

/** How often what happens; finishes are rare, since little happens after them. */
const WEIGHTS = {
  'instance.started': 3,
  'instance.status_changed': 5,
  'instance.price_changed': 2,
  'instance.terminated': 0.6,
  'run.submitted': 3,
  'run.status_changed': 6,
  'run.finished': 0.6,
  'job.submitted': 4,
  'job.provisioned': 5,
  'job.status_changed': 5,
  'job.price_changed': 2,
  'job.finished': 2,
  'volume.created': 1.5,
  'volume.price_changed': 1.5,
  'volume.deleted': 0.4,
};
const INSTANCE_STATUSES = ['pending', 'provisioning', 'idle', 'idle', 'busy', 'busy', 'terminating'];
const RUN_STATUSES = [
  'pending',
  'submitted',
  'submitted',
  'provisioning',
  'provisioning',
  'running',
  'terminating',
];
const JOB_STATUSES = ['submitted', 'provisioning', 'pulling', 'running', 'running', 'terminating'];

/** The next thing that happens. */
export function lifecyclePayload(world: World): Payload {
  const { random } = world;
  const name = random.weighted(WEIGHTS);
  switch (name) {
    case 'instance.started':
      return { name, data: startedData(world) };
    case 'instance.status_changed':
      return {
        name,
        data: { instance: { id: instanceIdOf(world) }, status: random.pick(INSTANCE_STATUSES) },
      };
    case 'instance.price_changed':
      return { name, data: { instance: { id: instanceIdOf(world) }, price: priceOf(random) } };
    case 'instance.terminated':
      return { name, data: { instance: { id: instanceIdOf(world) }, ...maybeReason(random) } };
    case 'run.submitted':
      return { name, data: submittedRunData(world) };
    case 'run.status_changed':
      return { name, data: { run: { id: runIdOf(world) }, status: random.pick(RUN_STATUSES) } };
    case 'run.finished':
      return { name, data: finishedData(world, ['done', 'failed', 'terminated'], false) };
    case 'job.submitted':
      return { name, data: submittedJobData(world) };
    case 'job.provisioned':
      return { name, data: provisionedData(world) };
    case 'job.status_changed':
      return { name, data: { ...jobTarget(world), status: random.pick(JOB_STATUSES) } };
    case 'job.price_changed':
      return { name, data: { ...jobTarget(world), price: priceOf(random) } };
    case 'job.finished':
      return { name, data: finishedData(world, ['done', 'failed', 'terminated', 'aborted'], true) };
    case 'volume.created':
      return { name, data: createdData(world) };
    case 'volume.price_changed':
      return { name, data: { volume: { id: volumeIdOf(world) }, price: priceOf(random) } };
    case 'volume.deleted':
      return { name, data: { volume: { id: volumeIdOf(world) }, ...maybeReason(random) } };
  }
}

function jobTarget(world: World): Record<string, unknown> {
  return { run: { id: runIdOf(world) }, job: { id: jobIdOf(world) } };
}

function snapshotOf({ random, snapshotChance }: World): Record<string, unknown> {
  if (random.chance(snapshotChance)) return { snapshot: true };
  return random.chance(0.1) ? { snapshot: random.pick([false, null]) } : {};
}

function maybeReason(random: Random): Record<string, unknown> {
  return random.chance(0.6) ? { reason: reasonOf(random) } : {};
}

function startedData(world: World): Record<string, unknown> {
  const { random } = world;
  const named = { type: labelOf(random), backend: labelOf(random), region: 'eu', total_blocks: 8 };
  return {
    project: labelOf(random),
    instance: {
      id: instanceIdOf(world),
      name: random.pick(['fleet-0', 'fleet-1', labelOf(random)]),
      ...someOf(random, named),
    },
    ...someOf(random, {
      fleet: { id: random.pick(['f0', 'f"1']), name: labelOf(random) },
      resources: resourcesOf(random),
      price: priceOf(random),
      status: random.pick(INSTANCE_STATUSES),
    }),
    ...snapshotOf(world),
  };
}

function createdData(world: World): Record<string, unknown> {
  const { random } = world;
  const sized = {
    backend: labelOf(random),
    region: labelOf(random),
    size_bytes: random.pick([0, 1e12, 1e21]),
  };
  return {
    project: labelOf(random),
    volume: { id: volumeIdOf(world), name: labelOf(random), ...someOf(random, sized) },
    ...someOf(random, { user: labelOf(random), price: priceOf(random) }),
    ...snapshotOf(world),
  };
}

function submittedRunData(world: World): Record<string, unknown> {
  const { random } = world;
  return {
    project: labelOf(random),
    user: labelOf(random),
    run: { ...runOf(world), ...someOf(random, { tags: tagsOf(random) }) },
    ...someOf(random, { status: random.pick(['submitted', 'pending']) }),
    ...snapshotOf(world),
  };
}

/** Run names are used again, ids are not. */
function runOf(world: World): Record<string, unknown> {
  const { random } = world;
  const type = random.pick(['task', 'task', 'service', 'dev-environment', '']);
  return { id: runIdOf(world), name: random.pick(['train', labelOf(random)]), type };
}

function submittedJobData(world: World): Record<string, unknown> {
  const { random } = world;
  const { run, ...who } = submittedRunData(world);
  delete who['status'];
  const job = {
    id: jobIdOf(world),
    name: random.pick(['train-0-0', labelOf(random)]),
    num: random.integer(0, 1),
    replica_num: random.pick([0, 0, 0, 0, 1, 1, 1, 2, 1e21]),
    ...someOf(random, { submission_num: random.integer(0, 3) }),
  };
  return { ...who, run, job };
}

function provisionedData(world: World): Record<string, unknown> {
  const { random } = world;
  const total = random.pick([1, 2, 3, 8]);
  const uuids = random.pick([['GPU-0'], ['GPU-0', 'GPU-1'], ['GPU-1', 'GPU-2'], [], null, ['']]);
  return {
    ...jobTarget(world),
    instance: {
      ...someOf(random, { id: instanceIdOf(world), name: labelOf(random), type: labelOf(random) }),
      ...(random.chance(0.6) ? { gpu_uuids: uuids } : {}),
      backend: labelOf(random),
    },
    resources: resourcesOf(random),
    price: priceOf(random),
    ...(random.chance(0.5) ? { blocks: { used: random.integer(1, total), total } } : {}),
  };
}

function finishedData(world: World, statuses: readonly string[], job: boolean): Record<string, unknown> {
  const { random } = world;
  return {
    ...(job ? jobTarget(world) : { run: { id: runIdOf(world) } }),
    status: random.pick(statuses),
    ...maybeReason(random),
    ...(job && random.chance(0.3) ? { exit_status: random.pick([0, 1, -9, null]) } : {}),
  };
}
