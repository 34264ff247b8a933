/**
 * What can be rented: instance types with their list prices, as the backends publish them (2026, rounded).
 */

export interface GpuModel {
  readonly vendor: 'nvidia' | 'amd';
  readonly name: string;
  readonly memoryGib: number;
  /** As in the exporter's `modelName`. */
  readonly modelName: string;
  readonly idleWatts: number;
  readonly maxWatts: number;
  readonly smClockMhz: number;
  readonly memoryClockMhz: number;
  readonly hbm: boolean;
  readonly nvlink: boolean;
}

export interface Offer {
  readonly backend: string;
  readonly type: string;
  readonly regions: readonly string[];
  readonly cpus: number;
  readonly memoryGib: number;
  readonly gpu: GpuModel | null;
  readonly gpuCount: number;
  readonly listDollarsPerHour: number;
  /** Spot price as a share of the list price, around which it moves. */
  readonly spotShare: number;
  /** How often the backend has none available. */
  readonly scarcity: number;
}

const model = (
  vendor: GpuModel['vendor'],
  name: string,
  memoryGib: number,
  modelName: string,
  watts: readonly [idle: number, max: number],
  clocks: readonly [sm: number, memory: number],
  links: { hbm: boolean; nvlink: boolean },
): GpuModel => ({
  vendor,
  name,
  memoryGib,
  modelName,
  idleWatts: watts[0],
  maxWatts: watts[1],
  smClockMhz: clocks[0],
  memoryClockMhz: clocks[1],
  ...links,
});

const SXM = { hbm: true, nvlink: true };
const HBM = { hbm: true, nvlink: false };
const PCIE = { hbm: false, nvlink: false };

const H100 = model('nvidia', 'H100', 80, 'NVIDIA H100 80GB HBM3', [68, 700], [1980, 2619], SXM);
const H100_PCIE = model('nvidia', 'H100', 80, 'NVIDIA H100 PCIe', [48, 350], [1755, 1593], HBM);
const H200 = model('nvidia', 'H200', 141, 'NVIDIA H200', [76, 700], [1980, 3201], SXM);
const B200 = model('nvidia', 'B200', 180, 'NVIDIA B200', [140, 1000], [1965, 3996], SXM);
const A100 = model('nvidia', 'A100', 80, 'NVIDIA A100-SXM4-80GB', [58, 400], [1410, 1593], SXM);
const L40S = model('nvidia', 'L40S', 48, 'NVIDIA L40S', [34, 350], [2520, 9001], PCIE);
const L4 = model('nvidia', 'L4', 24, 'NVIDIA L4', [16, 72], [2040, 6251], PCIE);
const MI300X = model('amd', 'MI300X', 192, 'AMD Instinct MI300X OAM', [140, 750], [2100, 1300], HBM);

function offer(
  backend: string,
  type: string,
  regions: readonly string[],
  shape: readonly [cpus: number, memoryGib: number, gpuCount: number, gpu: GpuModel | null],
  listDollarsPerHour: number,
  market: readonly [spotShare: number, scarcity: number],
): Offer {
  const [cpus, memoryGib, gpuCount, gpu] = shape;
  const [spotShare, scarcity] = market;
  return { backend, type, regions, cpus, memoryGib, gpu, gpuCount, listDollarsPerHour, spotShare, scarcity };
}

const NEBIUS_H100 = 'gpu-h100-sxm 8gpu-128vcpu-1600gb';
const NEBIUS_H200 = 'gpu-h200-sxm 1gpu-16vcpu-200gb';
const NEBIUS_L40S = 'gpu-l40s-a 1gpu-8vcpu-32gb';

/** By the fleets' own short names. On-premises offers cost nothing, as in dstack. */
export const OFFERS = {
  awsH100: offer('aws', 'p5.48xlarge', ['us-east-2', 'us-west-2'], [192, 2048, 8, H100], 55.04, [0.42, 0.25]),
  nebiusH100: offer('nebius', NEBIUS_H100, ['eu-north1'], [128, 1600, 8, H100], 23.6, [0.53, 0.15]),
  awsH200: offer('aws', 'p5en.48xlarge', ['us-east-2'], [192, 2048, 8, H200], 63.296, [0.45, 0.35]),
  nebiusH200: offer('nebius', NEBIUS_H200, ['eu-west1', 'eu-north1'], [16, 200, 1, H200], 3.5, [0.45, 0.1]),
  lambdaB200: offer('lambda', 'gpu_8x_b200_sxm6', ['us-east-3'], [208, 2900, 8, B200], 39.92, [1, 0.3]),
  lambdaH100: offer(
    'lambda',
    'gpu_1x_h100_pcie',
    ['us-west-3', 'europe-central-1'],
    [26, 200, 1, H100_PCIE],
    2.49,
    [1, 0.15],
  ),
  gcpA100: offer(
    'gcp',
    'a2-ultragpu-1g',
    ['us-central1', 'europe-west4'],
    [12, 170, 1, A100],
    5.0688,
    [0.5, 0.12],
  ),
  runpodA100: offer(
    'runpod',
    'NVIDIA A100-SXM4-80GB',
    ['EU-RO-1', 'US-KS-2'],
    [16, 188, 1, A100],
    1.89,
    [0.5, 0.1],
  ),
  awsL40S: offer('aws', 'g6e.2xlarge', ['us-east-1', 'eu-central-1'], [8, 64, 1, L40S], 2.2421, [0.48, 0.08]),
  nebiusL40S: offer('nebius', NEBIUS_L40S, ['eu-north1'], [8, 32, 1, L40S], 1.55, [0.5, 0.06]),
  gcpL4: offer('gcp', 'g2-standard-8', ['us-central1', 'asia-east1'], [8, 32, 1, L4], 0.8536, [0.4, 0.03]),
  awsL4: offer('aws', 'g6.xlarge', ['us-east-1', 'us-west-2'], [4, 16, 1, L4], 0.8048, [0.45, 0.03]),
  runpodMI300X: offer(
    'runpod',
    'AMD Instinct MI300X OAM',
    ['EU-RO-1'],
    [24, 283, 1, MI300X],
    2.49,
    [0.6, 0.12],
  ),
  awsCpu: offer('aws', 'm6i.2xlarge', ['us-east-1'], [8, 32, 0, null], 0.384, [0.4, 0.01]),
  gcpCpu: offer('gcp', 'n2-standard-16', ['europe-west4'], [16, 64, 0, null], 0.7769, [0.3, 0.01]),
  sshA100: offer('remote', 'ssh', ['remote'], [128, 1024, 8, A100], 0, [1, 0]),
  kubernetesH100: offer('kubernetes', 'dgx-h100', ['on-prem'], [224, 2048, 8, H100], 0, [1, 0]),
} as const satisfies Record<string, Offer>;
