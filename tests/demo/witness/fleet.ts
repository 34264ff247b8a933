import type { FleetEvent } from '../../../events/event';
import { NEXT } from './rules';

export type Of<T extends FleetEvent['type']> = Extract<FleetEvent, { type: T }>;

export interface InstanceSeen {
  readonly project: string;
  readonly total: number;
  readonly resources: { cpus: number; memory: number; gpus: number };
  readonly jobs: Set<string>;
  status: string;
  idleSinceMs: number;
  /** How long before it was given up. */
  wasIdleMs: number;
  price: number;
}

interface RunSeen {
  readonly name: string;
  readonly project: string;
  readonly jobs: Set<string>;
  /** By replica and number: the submission that comes next. */
  readonly submissions: Map<string, number>;
  readonly live: Map<string, string>;
  status: string;
}

interface JobSeen {
  readonly run: string;
  readonly slot: string;
  status: string;
  provisioned: Of<'fleetmeter.job.provisioned.v1'>['data'] | null;
  price: number;
  sample: { timeMs: number; cpuSeconds: number } | null;
  /** When its CPU time began. */
  runningMs: number;
}

/** What was seen of a fleet so far, and how it is said that something can't be. */
export interface Fleet {
  readonly instances: Map<string, InstanceSeen>;
  readonly runs: Map<string, RunSeen>;
  readonly jobs: Map<string, JobSeen>;
  /** How often each thing was seen. */
  readonly seen: Map<string, number>;
  /** The event that is looked at. */
  now: FleetEvent | null;
  readonly must: (ok: boolean, what: string) => asserts ok;
  readonly get: <T>(map: ReadonlyMap<string, T>, id: string) => T;
  readonly count: (what: string) => void;
  /** Takes an entity to its next status, which dstack must know from the one it has. */
  readonly step: (kind: keyof typeof NEXT, entity: { status: string }, status: string) => void;
}

export function openFleet(): Fleet {
  const seen = new Map<string, number>();

  function must(ok: boolean, what: string): asserts ok {
    if (!ok) throw new Error(`${what}: ${JSON.stringify(fleet.now)}`);
  }

  const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);

  const fleet: Fleet = {
    instances: new Map(),
    runs: new Map(),
    jobs: new Map(),
    seen,
    now: null,
    must,
    get(map, id) {
      const found = map.get(id);
      must(found !== undefined, 'unknown entity');
      return found;
    },
    count,
    step(kind, entity, status) {
      must(NEXT[kind][entity.status]?.includes(status) === true, `${kind} can't go from ${entity.status}`);
      count(`${kind} ${entity.status} -> ${status}`);
      entity.status = status;
    },
  };
  return fleet;
}
