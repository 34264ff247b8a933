import { linksToJob } from './panels';
import { chart, dashboard, stat, table } from './parts';
import { PROJECT } from './places';

/** Of the figures of all vendors, whose label of a GPU is `uuid`; DCGM's own families have `UUID`. */
const HERE = 'dstack_project_name=~"$project", uuid=~"$uuid"';
const DCGM = 'dstack_project_name=~"$project", UUID=~"$uuid"';
const TOP = 15;
/** A GPU bears the labels of the job on it: by its own alone, its line goes on when the job changes. */
const ONE = 'uuid, vendor, gpu';
const DCGM_ONE = 'UUID, gpu, Hostname, modelName';
const NAME = '{{vendor}} {{gpu}} {{uuid}}';
const DCGM_NAME = '{{Hostname}} GPU {{gpu}} {{modelName}}';

const top = (expr: string) => `topk(${TOP}, ${expr})`;
const slowed = (reason: string) =>
  top(`sum by (${DCGM_ONE}) (rate(DCGM_FI_DEV_${reason}_VIOLATION{${DCGM}}[$__rate_interval]) >= 0) / 1e9`);

/** Whether the GPUs are well. */
export const gpu = dashboard({
  uid: 'fleetmeter-gpu',
  title: 'fleetmeter / GPU health',
  about: 'Temperature, power, clocks, throttling, errors and links of the GPUs, of jobs and free ones.',
  variables: [
    PROJECT,
    {
      name: 'uuid',
      label: 'GPU',
      query: 'label_values(fleetmeter_gpu_temperature_celsius{dstack_project_name=~"$project"}, uuid)',
      all: true,
    },
  ],
  sections: [
    {
      panels: [
        stat({
          title: 'GPUs that report',
          about: 'GPUs whose exporter has sent a sample lately.',
          unit: 'short',
          width: 4,
          expr: `count(count by (${ONE}) (fleetmeter_gpu_temperature_celsius{${HERE}}))`,
        }),
        stat({
          title: 'Hottest',
          about: 'Highest temperature of a GPU.',
          unit: 'celsius',
          width: 4,
          bad: 90,
          expr: `max(fleetmeter_gpu_temperature_celsius{${HERE}})`,
        }),
        stat({
          title: 'Power',
          about: 'Of all GPUs together; slices of one GPU count once.',
          unit: 'watt',
          width: 4,
          expr: `sum(max by (${ONE}) (fleetmeter_gpu_power_watts{${HERE}}))`,
        }),
        stat({
          title: 'GPUs with an XID',
          about: "GPUs whose driver's latest XID error is not 0. It stays until the driver is loaded anew.",
          unit: 'short',
          width: 4,
          bad: 1,
          expr: `count(max by (${DCGM_ONE}) (DCGM_FI_DEV_XID_ERRORS{${DCGM}}) > 0) or vector(0)`,
        }),
        stat({
          title: 'Uncorrectable memory errors',
          about: 'In this range, all vendors.',
          unit: 'short',
          decimals: 0,
          width: 4,
          bad: 1,
          expr: `sum(increase(fleetmeter_gpu_errors_total{${HERE}}[$__range])) or vector(0)`,
        }),
        stat({
          title: 'Slowed down by heat',
          about: 'GPUs that spent more than a tenth of the last minutes slowed down because of heat.',
          unit: 'short',
          width: 4,
          bad: 1,
          expr: `count(rate(DCGM_FI_DEV_THERMAL_VIOLATION{${DCGM}}[$__rate_interval]) / 1e9 > 0.1) or vector(0)`,
        }),
      ],
    },
    {
      title: 'Heat, power, clocks',
      panels: [
        chart({
          title: `Temperature, ${TOP} hottest`,
          about: 'Of all vendors.',
          unit: 'celsius',
          width: 12,
          queries: [[top(`max by (${ONE}) (fleetmeter_gpu_temperature_celsius{${HERE}})`), NAME]],
        }),
        chart({
          title: 'Memory temperature, hottest',
          about: 'Of GPUs that tell it.',
          unit: 'celsius',
          width: 12,
          queries: [[top(`max by (${DCGM_ONE}) (DCGM_FI_DEV_MEMORY_TEMP{${DCGM}})`), DCGM_NAME]],
        }),
        chart({
          title: 'Power, by model',
          about: 'All GPUs of a model together.',
          unit: 'watt',
          width: 8,
          stacked: true,
          queries: [
            [
              `sum by (dstack_gpu) (max by (${ONE}, dstack_gpu) (fleetmeter_gpu_power_watts{${HERE}}))`,
              '{{dstack_gpu}}',
            ],
          ],
        }),
        chart({
          title: 'SM clock, slowest',
          about: 'A clock far below the others of its model under load is a GPU that is slowed down.',
          unit: 'rotmhz',
          width: 8,
          queries: [[`bottomk(${TOP}, max by (${DCGM_ONE}) (DCGM_FI_DEV_SM_CLOCK{${DCGM}}))`, DCGM_NAME]],
        }),
        chart({
          title: 'Memory clock, slowest',
          about: 'Of the device memory.',
          unit: 'rotmhz',
          width: 8,
          queries: [[`bottomk(${TOP}, max by (${DCGM_ONE}) (DCGM_FI_DEV_MEM_CLOCK{${DCGM}}))`, DCGM_NAME]],
        }),
      ],
    },
    {
      title: 'Throttling',
      panels: [
        chart({
          title: 'Slowed down by heat',
          about: 'Part of the time that the GPU was slowed down because of its temperature.',
          unit: 'percentunit',
          width: 12,
          queries: [[slowed('THERMAL'), DCGM_NAME]],
        }),
        chart({
          title: 'Slowed down to stay within the power limit',
          about: 'Usual under full load, unless the limit is set too low.',
          unit: 'percentunit',
          width: 12,
          queries: [[slowed('POWER'), DCGM_NAME]],
        }),
      ],
    },
    {
      title: 'Errors',
      panels: [
        chart({
          title: 'XID error, latest code',
          about:
            'The code stays until another one comes, and a repeat does not show: see the runbook of GpuXid.',
          unit: 'none',
          width: 8,
          queries: [[top(`max by (${DCGM_ONE}) (DCGM_FI_DEV_XID_ERRORS{${DCGM}})`), DCGM_NAME]],
        }),
        chart({
          title: 'Memory errors',
          about: 'As the driver counts them since it was loaded.',
          unit: 'short',
          width: 8,
          queries: [
            [top(`max by (${ONE}) (fleetmeter_gpu_errors_total{${HERE}})`), `uncorrectable ${NAME}`],
            [top(`max by (${DCGM_ONE}) (DCGM_FI_DEV_ECC_SBE_VOL_TOTAL{${DCGM}})`), `corrected ${DCGM_NAME}`],
          ],
        }),
        chart({
          title: 'Failed row remappings, PCIe replays',
          about: 'A GPU whose row remapping has failed is to be replaced.',
          unit: 'short',
          width: 8,
          queries: [
            [top(`max by (${DCGM_ONE}) (DCGM_FI_DEV_ROW_REMAP_FAILURE{${DCGM}})`), `remapping ${DCGM_NAME}`],
            [top(`max by (${DCGM_ONE}) (DCGM_FI_DEV_PCIE_REPLAY_COUNTER{${DCGM}})`), `replays ${DCGM_NAME}`],
          ],
        }),
      ],
    },
    {
      title: 'Links',
      panels: [
        chart({
          title: 'NVLink, sent and received',
          about: "Bytes a second, as DCGM's profiling measures them.",
          unit: 'Bps',
          width: 12,
          queries: [
            [
              top(
                `max by (${DCGM_ONE}) (DCGM_FI_PROF_NVLINK_TX_BYTES{${DCGM}}) + max by (${DCGM_ONE}) (DCGM_FI_PROF_NVLINK_RX_BYTES{${DCGM}})`,
              ),
              DCGM_NAME,
            ],
          ],
        }),
        chart({
          title: 'NVLink errors',
          about: 'CRC errors and replays since the driver was loaded, all lanes.',
          unit: 'short',
          width: 12,
          queries: [
            [
              top(`max by (${DCGM_ONE}) (DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL{${DCGM}})`),
              `CRC ${DCGM_NAME}`,
            ],
            [
              top(`max by (${DCGM_ONE}) (DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL{${DCGM}})`),
              `replays ${DCGM_NAME}`,
            ],
          ],
        }),
      ],
    },
    {
      title: 'Who is on them',
      panels: [
        table({
          title: 'GPUs of jobs, by temperature',
          about: 'A click leads to the job.',
          width: 24,
          expr: `topk(50, fleetmeter_gpu_temperature_celsius{${HERE}, dstack_job_id!=""})`,
          columns: {
            dstack_project_name: 'Project',
            dstack_run_name: 'Run',
            dstack_job_name: 'Job',
            vendor: 'Vendor',
            gpu: 'GPU',
            uuid: 'UUID',
          },
          value: { heading: 'Temperature', unit: 'celsius' },
          links: linksToJob(),
        }),
      ],
    },
  ],
});
