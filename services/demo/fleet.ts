import type { FleetPlan, Project } from './projects';
import type { GpuModel, Offer } from './offers';
import type { Load } from './load';

/** A GPU of an instance. */
export interface Gpu {
  readonly index: number;
  readonly uuid: string;
  readonly model: GpuModel;
  /** By NVLink, with the others of its instance. */
  readonly linked: boolean;
  /** Whose it is now; null: free. */
  place: Place | null;
  /** What its sensors showed last. */
  sensors: Sensors | null;
}

export interface Sensors {
  readonly atMs: number;
  readonly temperatureCelsius: number;
  readonly energyMillijoules: number;
  readonly nvlinkBytes: number;
  readonly powerLimitedSeconds: number;
}

/** The share of an instance that is one job's. */
export interface Place {
  readonly instance: Instance;
  readonly gpus: readonly Gpu[];
  readonly tenant: Tenant;
}

/** Who occupies a place: told by the fleet what happens to it. */
export interface Tenant {
  /** The instance is up. */
  ready(): void;
  priced(): void;
  /** The instance is going, and the tenant must end. */
  lost(
    reason: 'interrupted_by_no_capacity' | 'instance_unreachable' | 'waiting_instance_limit_exceeded',
  ): void;
  /** What it does to a GPU of its place now. */
  load(gpu: Gpu): Load;
}

export interface Instance {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly fleet: Fleet;
  readonly offer: Offer;
  readonly region: string;
  readonly gpus: readonly Gpu[];
  readonly totalBlocks: number;
  readonly startedMs: number;
  priceDollarsPerHour: number;
  /** Up, and not on its way down. */
  phase: 'starting' | 'up' | 'going' | 'gone';
  readonly places: Set<Place>;
  /** Counts its idle times, so that the timer of an earlier one does nothing. */
  idleTurn: number;
}

export interface Fleet {
  readonly id: string;
  readonly plan: FleetPlan;
  readonly project: Project;
  readonly instances: Set<Instance>;
  /** Instances that may have room, oldest first. */
  readonly open: Set<Instance>;
  /** Numbers of instances that are gone, to be reused, as dstack does. */
  readonly freeNumbers: number[];
}
