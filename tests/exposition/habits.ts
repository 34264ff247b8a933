/**
 * Habits of exporters, a page each, and all that our page shows of it: without the job's labels, and with
 * what is derived.
 */
export interface Habit {
  readonly name: string;
  /** Without: `dcgm`. */
  readonly exporter?: string;
  /** Without: the text format. */
  readonly contentType?: string;
  readonly text: string;
  /** Without: 202. */
  readonly status?: number;
  readonly shown: readonly string[];
}

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const MIG = 'gpu="0",UUID="GPU-5",device="nvidia0",modelName="NVIDIA A100-SXM4-80GB"';
const AMD = 'gpu_id="0",gpu_partition_id="1",serial_number="PCB-7"';
const AMD_FIGURE = 'vendor="amd",uuid="PCB-7",gpu="0",gpu_instance="1"';

export const HABITS: readonly Habit[] = [
  {
    name: 'MIG: slices apart, pods on one of them, the whole GPU for comparison',
    text: `DCGM_FI_PROF_GR_ENGINE_ACTIVE{${MIG},GPU_I_PROFILE="3g.40gb",GPU_I_ID="1",Hostname="n",DCGM_FI_DRIVER_VERSION="535.104.05",container="c",namespace="ns",pod="p-1"} 0.125000
DCGM_FI_PROF_GR_ENGINE_ACTIVE{${MIG},GPU_I_PROFILE="3g.40gb",GPU_I_ID="2",Hostname="n",container="",namespace="",pod=""} 5e-1
DCGM_FI_DEV_GPU_UTIL{${MIG},GPU_I_PROFILE="3g.40gb",GPU_I_ID="1",Hostname="n"} 9223372036854775794
DCGM_FI_DEV_POWER_USAGE{${MIG},Hostname="n"} 300.5
`,
    shown: [
      `DCGM_FI_PROF_GR_ENGINE_ACTIVE{${MIG},GPU_I_PROFILE="3g.40gb",GPU_I_ID="1",Hostname="n",DCGM_FI_DRIVER_VERSION="535.104.05",container="c",namespace="ns",pod="p-1"} 0.125`,
      `DCGM_FI_PROF_GR_ENGINE_ACTIVE{${MIG},GPU_I_PROFILE="3g.40gb",GPU_I_ID="2",Hostname="n",container="",namespace="",pod=""} 0.5`,
      `DCGM_FI_DEV_POWER_USAGE{${MIG},Hostname="n"} 300.5`,
      'fleetmeter_gpu_utilization_ratio{vendor="nvidia",uuid="GPU-5",gpu="0",gpu_instance="1"} 0.125',
      'fleetmeter_gpu_utilization_ratio{vendor="nvidia",uuid="GPU-5",gpu="0",gpu_instance="2"} 0.5',
      'fleetmeter_gpu_power_watts{vendor="nvidia",uuid="GPU-5",gpu="0",gpu_instance=""} 300.5',
    ],
  },
  {
    name: 'CPUs, their cores, switches and links, with sentinels of 64 bits among them',
    text: `# HELP DCGM_FI_DEV_CPU_UTIL_TOTAL Total CPU Utilization
# TYPE DCGM_FI_DEV_CPU_UTIL_TOTAL gauge
DCGM_FI_DEV_CPU_UTIL_TOTAL{cpu="0",Hostname="grace"} 0.310000
DCGM_FI_DEV_CPU_UTIL_TOTAL{cpucore="3",cpu="0",hostname="grace"} 0.020000
DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_RX{nvlink="0",nvswitch="nvswitch0"} 140737488355328.000000
DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_RX{nvlink="1",nvswitch="nvswitch0"} 140737488355332
DCGM_FI_DEV_NVLINK_COUNT_TX_BYTES{gpu="0",UUID="G",nvlink="17"} 18446744073709551614
DCGM_FI_DEV_NVLINK_COUNT_RX_BYTES{gpu="0",UUID="G",nvlink="17"} 1.844674407370955e+19
DCGM_FI_DEV_NVLINK_COUNT_RX_BYTES{gpu="0",UUID="G",nvlink="16"} 9.223372036854774e+18
`,
    shown: [
      'DCGM_FI_DEV_CPU_UTIL_TOTAL{cpu="0",Hostname="grace"} 0.31',
      'DCGM_FI_DEV_CPU_UTIL_TOTAL{cpucore="3",cpu="0",hostname="grace"} 0.02',
      'DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_RX{nvlink="1",nvswitch="nvswitch0"} 140737488355332',
      'DCGM_FI_DEV_NVLINK_COUNT_RX_BYTES{gpu="0",UUID="G",nvlink="16"} 9223372036854774000',
    ],
  },
  {
    name: 'one GPU in rows of several batch jobs: all are shown, the derived figure once',
    text: `DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="G",hpc_job="1234",hostname="h",Hostname="H"} 12
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="G",hpc_job="1235",hostname="h",Hostname="H"} 12
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="G",job_id="9"} 4294967295
`,
    shown: [
      'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="G",hpc_job="1234",hostname="h",Hostname="H"} 12',
      'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="G",hpc_job="1235",hostname="h",Hostname="H"} 12',
      'fleetmeter_gpu_utilization_ratio{vendor="nvidia",uuid="G",gpu="0",gpu_instance=""} 0.12',
    ],
  },
  {
    name: 'what the exporter counts itself, told apart by labels',
    text: `DCGM_EXP_XID_ERRORS_COUNT{gpu="0",UUID="G",window_size_in_ms="300000",xid="31"} 2
DCGM_EXP_XID_ERRORS_COUNT{gpu="0",UUID="G",window_size_in_ms="300000",xid="43"} 1
DCGM_EXP_CLOCK_EVENTS_COUNT{clock_event="gpu_idle",gpu="0",UUID="G",window_size_in_ms="300000"} 6
DCGM_EXP_P2P_STATUS{gpu="0",UUID="G",peer_gpu="1"} 1
`,
    shown: [
      'DCGM_EXP_XID_ERRORS_COUNT{gpu="0",UUID="G",window_size_in_ms="300000",xid="31"} 2',
      'DCGM_EXP_XID_ERRORS_COUNT{gpu="0",UUID="G",window_size_in_ms="300000",xid="43"} 1',
      'DCGM_EXP_CLOCK_EVENTS_COUNT{clock_event="gpu_idle",gpu="0",UUID="G",window_size_in_ms="300000"} 6',
      'DCGM_EXP_P2P_STATUS{gpu="0",UUID="G",peer_gpu="1"} 1',
    ],
  },
  {
    name: 'labels and families that are ours',
    text: `DCGM_FI_DEV_MEMORY_TEMP{gpu="0",dstack_project_name="evil",dstack_job_id="x",dstack_extra="kept"} 30
dstack_job_price_dollars_per_hour{gpu="0"} 5
fleetmeter_gpu_power_watts{gpu="0"} 5
`,
    shown: ['DCGM_FI_DEV_MEMORY_TEMP{gpu="0",dstack_extra="kept"} 30'],
  },
  {
    name: 'OpenMetrics: timestamps, exemplars, units, an info',
    contentType: OPENMETRICS,
    text: `# HELP om_clock_hertz clock
# TYPE om_clock_hertz gauge
# UNIT om_clock_hertz hertz
om_clock_hertz{gpu="0"} 3 1700000000.5
# TYPE om_requests counter
om_requests_total{gpu="0"} 4 # {trace_id="abc"} 0.5 1700000000
# TYPE om_card info
om_card_info{model="x"} 1
# EOF
`,
    shown: ['om_clock_hertz{gpu="0"} 3', 'om_requests_total{gpu="0"} 4', 'om_card_info{model="x"} 1'],
  },
  {
    name: 'OpenMetrics that was cut off',
    contentType: OPENMETRICS,
    text: '# TYPE cut gauge\ncut{gpu="0"} 3\ncut{gpu="1',
    shown: ['cut{gpu="0"} 3'],
  },
  {
    name: 'an exemplar in the text format loses its line',
    text: 'exemplified{gpu="0"} 3 # {a="b"} 1\nexemplified{gpu="1"} 4\n',
    shown: ['exemplified{gpu="1"} 4'],
  },
  {
    name: 'CRLF, blank lines among them',
    text: '# HELP crlf told\r\n# TYPE crlf gauge\r\n\r\ncrlf{gpu="0"} 3\r\ncrlf{gpu="1"} 4 1700000000000\r\n',
    shown: ['crlf{gpu="0"} 3', 'crlf{gpu="1"} 4'],
  },
  {
    name: 'CRLF in OpenMetrics, which has none',
    contentType: OPENMETRICS,
    text: '# TYPE crlf gauge\r\ncrlf{gpu="0"} 3\r\n# EOF\r\n',
    status: 400,
    shown: [],
  },
  {
    name: 'a byte order mark loses the first line',
    text: '\ufeff# HELP marked told\n# TYPE marked gauge\nmarked{gpu="0"} 3\n',
    shown: ['marked{gpu="0"} 3'],
  },
  {
    name: 'HELP and TYPE twice, after the samples, of no known type; a series twice, the families not together',
    text: `# HELP odd one
# HELP odd two
# TYPE odd gauge
# TYPE odd counter
odd{gpu="0"} 3
late{gpu="0"} 4
# TYPE late gauge
odd{gpu="1"} 5
odd{gpu="0"} 6
# TYPE loud GAUGE
loud 8
# TYPE plain untyped
plain 9
`,
    shown: ['odd{gpu="0"} 3', 'odd{gpu="1"} 5', 'late{gpu="0"} 4', 'loud{} 8', 'plain{} 9'],
  },
  {
    name: 'values as they are written',
    exporter: 'values',
    text: `v{is="exponent"} 1.5e3
v{is="Exponent"} 1E+2
v{is="sign"} +4
v{is="no fraction"} 5.
v{is="no integer"} .5
v{is="least"} 5e-324
v{is="too little"} 1e-400
v{is="too much"} 1e400
v{is="hexadecimal"} 0x10
v{is="grouped"} 1_000
v{is="not a number"} NaN
v{is="infinite"} +Inf
v{is="beyond 64 bits"} 18446744073709551614
v{is="a value where DCGM has a sentinel"} 2147483632
DCGM_FI_DEV_FB_FREE{is="below"} 2147483631
DCGM_FI_DEV_FB_FREE{is="sentinel"} 2.147483634e+09
DCGM_FI_DEV_FB_FREE{is="above"} 2147483636
DCGM_FI_DEV_FB_FREE{is="infinite"} +Inf
DCGM_FI_DEV_FB_FREE{is="negative"} -1
`,
    shown: [
      ...['v{is="exponent"} 1500', 'v{is="Exponent"} 100', 'v{is="sign"} 4', 'v{is="no fraction"} 5'],
      ...['v{is="no integer"} 0.5', 'v{is="least"} 5e-324', 'v{is="too little"} 0'],
      'v{is="beyond 64 bits"} 18446744073709552000',
      'v{is="a value where DCGM has a sentinel"} 2147483632',
      'DCGM_FI_DEV_FB_FREE{is="below"} 2147483631',
      'DCGM_FI_DEV_FB_FREE{is="above"} 2147483636',
      'DCGM_FI_DEV_FB_FREE{is="negative"} -1',
    ],
  },
  {
    name: 'blanks wherever they may be, no labels, a comma at the end, a timestamp',
    text: '\tblank\t{gpu="0"\t,\tUUID = "G" , }\t3\t \n  blank {gpu="1",}   4   \nblank{} 7\nempty{ } 8 1700000000000\n',
    shown: ['blank{gpu="0",UUID="G"} 3', 'blank{gpu="1"} 4', 'blank{} 7', 'empty{} 8'],
  },
  {
    name: 'escapes, and a backslash that is none',
    text: String.raw`escaped{a="\\\"\n",b="\t\q",c="é€😀",d="",e="{}#,="} 1
`,
    shown: [String.raw`escaped{a="\\\"\n",b="\\t\\q",c="é€😀",d="",e="{}#,="} 1`],
  },
  {
    name: 'names in quotes, a label twice, __name__',
    text: `{"a.b",gpu="0"} 1
bad{"x.y"="z"} 2
bad{gpu="0",gpu="1"} 3
bad{__name__="x"} 4
good:name{gpu="0"} 5
`,
    shown: ['good:name{gpu="0"} 5'],
  },
  {
    name: "the exporter's own process, histograms and summaries",
    text: `# TYPE own_gc_seconds summary
own_gc_seconds{quantile="0"} 1e-05
own_gc_seconds_sum 0.1
own_gc_seconds_count 5
# TYPE own_scrape histogram
own_scrape_bucket{le="+Inf"} 1
own_scrape_sum 1
own_scrape_count 1
# TYPE own_cpu_seconds_total counter
own_cpu_seconds_total 12.47
`,
    shown: ['own_cpu_seconds_total{} 12.47'],
  },
  {
    name: "AMD's device-metrics-exporter",
    exporter: 'amd',
    text: `# TYPE gpu_nodes_total gauge
gpu_nodes_total{hostname="n",driver_version="6.8.5"} 8
gpu_package_power{card_vendor="Advanced Micro Devices, Inc. [AMD/ATI]",container="",job_id="",pod="",${AMD}} 92
gpu_gfx_activity{${AMD}} 45
gpu_energy_consumed{${AMD}} 2.1789273654e+13
gpu_ecc_uncorrect_total{${AMD}} 0
pcie_bidirectional_bandwidth{${AMD}} 18446744073709551615
`,
    shown: [
      'gpu_nodes_total{hostname="n",driver_version="6.8.5"} 8',
      `gpu_package_power{card_vendor="Advanced Micro Devices, Inc. [AMD/ATI]",container="",job_id="",pod="",${AMD}} 92`,
      `gpu_gfx_activity{${AMD}} 45`,
      `gpu_energy_consumed{${AMD}} 21789273654000`,
      `gpu_ecc_uncorrect_total{${AMD}} 0`,
      `pcie_bidirectional_bandwidth{${AMD}} 18446744073709552000`,
      `fleetmeter_gpu_power_watts{${AMD_FIGURE}} 92`,
      `fleetmeter_gpu_utilization_ratio{${AMD_FIGURE}} 0.45`,
      `fleetmeter_gpu_energy_joules_total{${AMD_FIGURE}} 21789273.654`,
      `fleetmeter_gpu_errors_total{${AMD_FIGURE}} 0`,
    ],
  },
  {
    name: "Intel's xpumanager and Habana's exporter, under their own names",
    exporter: 'xpum',
    text: `# TYPE xpum_energy_joules counter
xpum_energy_joules{dev_file="card0",dev_name="Intel(R) Data Center GPU Flex 170",pci_bdf="0000:4d:00.0",uuid="01000000-0000"} 123456.789
habanalabs_utilization{UUID="01P0-HL2000A1-15-TNPS69",device="hl0"} 17
`,
    shown: [
      'xpum_energy_joules{dev_file="card0",dev_name="Intel(R) Data Center GPU Flex 170",pci_bdf="0000:4d:00.0",uuid="01000000-0000"} 123456.789',
      'habanalabs_utilization{UUID="01P0-HL2000A1-15-TNPS69",device="hl0"} 17',
    ],
  },
];
