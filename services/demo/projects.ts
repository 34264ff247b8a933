import type { Habit } from './load';
import { OFFERS } from './offers';
import type { Offer } from './offers';

/** Who lives in the demo: projects with their fleets, users with what they run. */

export interface FleetPlan {
  readonly name: string;
  readonly offers: readonly Offer[];
  readonly spot: boolean;
  /** 8 jobs may share an instance; otherwise a job takes a whole one. */
  readonly blocks: boolean;
  /** Instances that are always there, for each 100 jobs of the demo (at least one where not 0). */
  readonly standingPer100: number;
  /** Rents more if there is no room. */
  readonly elastic: boolean;
  /** How long an instance may be idle; 0: it goes with its job. */
  readonly idleMinutes: number;
  /** Jobs tell which GPUs are theirs, also where they have all of an instance. */
  readonly uuids: boolean;
  /**
   * Whose page the exporter's values come with: a node-wide exporter knows instances, and jobs are found by
   * UUID.
   */
  readonly sampled: 'by job' | 'by instance';
}

export type RunType = 'task' | 'service' | 'dev-environment';
export type Range = readonly [least: number, most: number];

/** What a user runs, again and again. */
export interface RunPlan {
  readonly weight: number;
  readonly type: RunType;
  readonly fleet: string;
  /** Blocks that a job takes of a shared instance, one a GPU. */
  readonly blocks: Range;
  /** Jobs of a task, each on an instance of its own. */
  readonly nodes: Range;
  readonly replicas: Range;
  /** Median of how long it runs, fleet time. */
  readonly minutes: number;
  readonly habit: Habit;
  /** How often it fails through its own fault. */
  readonly failing: number;
  /** How often it is submitted again after a failure that it may retry. */
  readonly retries: number;
  /** How often it is scheduled for later. */
  readonly scheduled: number;
  /** Names it is called by; none: dstack makes one up. */
  readonly names: readonly string[];
}

export interface User {
  readonly name: string;
  readonly weight: number;
  readonly plans: readonly RunPlan[];
}

export interface Project {
  readonly name: string;
  /** The server that reports it. */
  readonly source: string;
  readonly fleets: readonly FleetPlan[];
  readonly users: readonly User[];
}

const EU = '/demo/dstack/eu-1';
const US = '/demo/dstack/us-1';

function fleet(name: string, offers: readonly Offer[], rest: Partial<FleetPlan> = {}): FleetPlan {
  const usual = { spot: false, blocks: false, standingPer100: 0, elastic: true, idleMinutes: 5, uuids: true };
  return { name, offers, ...usual, sampled: 'by job', ...rest };
}

function plan(
  type: RunType,
  fleetName: string,
  weight: number,
  minutes: number,
  habit: Habit,
  rest: Partial<RunPlan> = {},
): RunPlan {
  const one: Range = [1, 1];
  const usual = {
    blocks: one,
    nodes: one,
    replicas: one,
    failing: 0.12,
    retries: 0,
    scheduled: 0,
    names: [],
  };
  return { weight, type, fleet: fleetName, minutes, habit, ...usual, ...rest };
}

export const PROJECTS: readonly Project[] = [
  {
    name: 'foundation-models',
    source: US,
    fleets: [
      fleet('h100-cluster', [OFFERS.nebiusH100, OFFERS.awsH100], { idleMinutes: 10 }),
      fleet('h200-spot', [OFFERS.nebiusH200, OFFERS.awsH200], { spot: true }),
      fleet('b200', [OFFERS.lambdaB200], { idleMinutes: 0, uuids: false }),
    ],
    users: [
      {
        name: 'ada',
        weight: 3,
        plans: [
          plan('task', 'h100-cluster', 3, 55, 'training', { nodes: [2, 4], retries: 3 }),
          plan('task', 'b200', 1, 40, 'training', { retries: 1 }),
        ],
      },
      {
        name: 'kenji',
        weight: 3,
        plans: [
          plan('task', 'h200-spot', 4, 35, 'training', { retries: 4, failing: 0.08 }),
          plan('dev-environment', 'h200-spot', 1, 50, 'interactive'),
        ],
      },
      {
        name: 'fatima',
        weight: 2,
        plans: [
          plan('task', 'h200-spot', 2, 25, 'starved', { retries: 2, failing: 0.2 }),
          plan('task', 'h100-cluster', 1, 30, 'starved', { nodes: [2, 2], failing: 0.2 }),
        ],
      },
    ],
  },
  {
    name: 'vision',
    source: EU,
    fleets: [
      fleet('l40s-spot', [OFFERS.nebiusL40S, OFFERS.awsL40S], { spot: true }),
      fleet('a100', [OFFERS.runpodA100, OFFERS.gcpA100], { idleMinutes: 0, uuids: false }),
    ],
    users: [
      {
        name: 'lena',
        weight: 5,
        plans: [
          plan('task', 'l40s-spot', 5, 14, 'batch', { retries: 3 }),
          plan('task', 'l40s-spot', 1, 20, 'batch', { scheduled: 1, retries: 1, names: ['nightly-eval'] }),
        ],
      },
      {
        name: 'marco',
        weight: 3,
        plans: [
          plan('dev-environment', 'a100', 2, 45, 'interactive'),
          plan('task', 'a100', 3, 30, 'starved', { failing: 0.3 }),
        ],
      },
    ],
  },
  {
    name: 'inference',
    source: US,
    fleets: [
      fleet('l4-serving', [OFFERS.gcpL4, OFFERS.awsL4], { standingPer100: 2 }),
      fleet('h100-serving', [OFFERS.lambdaH100, OFFERS.nebiusH200], { idleMinutes: 15 }),
    ],
    users: [
      {
        name: 'deploy-bot',
        weight: 2,
        plans: [
          plan('service', 'l4-serving', 3, 100, 'serving', {
            replicas: [1, 5],
            retries: 5,
            names: ['embeddings', 'reranker', 'whisper'],
          }),
          plan('service', 'h100-serving', 2, 120, 'serving', {
            replicas: [1, 3],
            retries: 5,
            names: ['llama-70b-chat', 'qwen-32b'],
          }),
        ],
      },
      {
        name: 'omar',
        weight: 3,
        plans: [plan('task', 'l4-serving', 1, 9, 'batch', { failing: 0.15, retries: 1 })],
      },
    ],
  },
  {
    name: 'campus-lab',
    source: EU,
    fleets: [
      fleet('a100-shared', [OFFERS.sshA100], { blocks: true, standingPer100: 4, elastic: false }),
      fleet('dgx', [OFFERS.kubernetesH100], {
        blocks: true,
        standingPer100: 2,
        elastic: false,
        sampled: 'by instance',
      }),
    ],
    users: [
      {
        name: 'søren',
        weight: 4,
        plans: [
          plan('task', 'a100-shared', 4, 20, 'training', { blocks: [1, 2], retries: 4 }),
          plan('dev-environment', 'a100-shared', 2, 60, 'interactive'),
        ],
      },
      {
        name: "d'angelo",
        weight: 4,
        plans: [
          plan('task', 'a100-shared', 3, 12, 'starved', { blocks: [1, 4], failing: 0.35, retries: 2 }),
          plan('dev-environment', 'dgx', 1, 40, 'interactive'),
        ],
      },
      {
        name: 'mei',
        weight: 3,
        plans: [plan('task', 'dgx', 1, 45, 'training', { blocks: [1, 4], retries: 3 })],
      },
    ],
  },
  {
    name: 'data-platform',
    source: EU,
    fleets: [fleet('cpu', [OFFERS.awsCpu, OFFERS.gcpCpu], { spot: true, idleMinutes: 3 })],
    users: [
      {
        name: 'etl',
        weight: 4,
        plans: [
          plan('task', 'cpu', 4, 8, 'processing', { retries: 3, failing: 0.05 }),
          plan('task', 'cpu', 1, 12, 'processing', {
            scheduled: 1,
            names: ['hourly-compaction'],
            retries: 2,
          }),
        ],
      },
    ],
  },
  {
    name: 'amd-port',
    source: US,
    fleets: [fleet('mi300x', [OFFERS.runpodMI300X], { uuids: false })],
    users: [
      {
        name: 'priya',
        weight: 2,
        plans: [plan('task', 'mi300x', 1, 22, 'training', { failing: 0.3, retries: 1 })],
      },
    ],
  },
];
