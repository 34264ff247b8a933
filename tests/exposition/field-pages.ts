/**
 * Pages as exporters in the field give them: shapes that were met, made small, and the collected ones where
 * they lie beside the project.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SHAPES: Readonly<Record<string, string>> = {
  'a blank after a comma, families without HELP or TYPE, a line of markdown': `# TYPE DCGM_FI_DEV_MEM_CLOCK gauge
# HELP DCGM_FI_DEV_MEMORY_TEMP Memory temperature (in C).
# TYPE DCGM_FI_DEV_MEMORY_TEMP gauge
DCGM_FI_DEV_SM_CLOCK{gpu="0", UUID="GPU-6"} 139
DCGM_FI_DEV_MEM_CLOCK{gpu="0", UUID="GPU-6"} 405
DCGM_FI_DEV_MEMORY_TEMP{gpu="0", UUID="GPU-6"} 9223372036854775794
### Quickstart on Kubernetes
`,
  'sentinels of each width': `DCGM_FI_DEV_FB_USED{gpu="0",UUID="G"} 2147483632
DCGM_FI_DEV_FB_FREE{gpu="0",UUID="G"} 2147483635
DCGM_FI_DEV_FB_TOTAL{gpu="0",UUID="G"} 2147483631
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="G"} 140737488355328
DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="G"} 140737488355331
DCGM_FI_DEV_MEMORY_TEMP{gpu="0",UUID="G"} 9223372036854775792
DCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="G"} 9223372036854775795
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="G"} 4294967295
DCGM_FI_DEV_ENC_UTIL{gpu="0",UUID="G"} 4294967295
DCGM_FI_DEV_DEC_UTIL{gpu="0",UUID="G"} NaN
`,
  'MIG slices, pods on some': `# HELP DCGM_FI_PROF_GR_ENGINE_ACTIVE Ratio of time the graphics engine is active.
# TYPE DCGM_FI_PROF_GR_ENGINE_ACTIVE gauge
DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",UUID="GPU-5",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7",Hostname="h",pod="text",pod_uid=""} 0.000000
DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",UUID="GPU-5",GPU_I_PROFILE="1g.10gb",GPU_I_ID="8",hostname="h"} 0.250000
`,
  'XID with its labels, HELP for another name': `# HELP DCGM_EXP_XID_ERRORS_COUNT Count of XID Errors within user-specified time window.
# TYPE DCGM_EXP_XID_ERRORS_COUNT gauge
DCGM_FI_DEV_XID_ERRORS_ACTIVE{gpu="0",UUID="GPU-b",window_size_in_ms="300000",xid="42"} 1
DCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="GPU-b",err_code="31",err_msg="GPU memory page fault"} 31
`,
  'links and switches': `# HELP DCGM_FI_DEV_NVLINK_BANDWIDTH_L0 Bytes.
# TYPE DCGM_FI_DEV_NVLINK_BANDWIDTH_L0 counter
DCGM_FI_DEV_NVLINK_BANDWIDTH_L0{gpu="0",UUID="GPU-0",Hostname="h"} 12
DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_TX{nvlink="3",nvswitch="nvswitch0",Hostname="h"} 5
DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_TX{nvlink="4",nvswitch="nvswitch0",Hostname="h"} 6
DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT{nvswitch="nvswitch0",Hostname="h"} 41
DCGM_FI_DEV_CPU_UTIL_TOTAL{cpu="0",cpucore="1",Hostname="h"} 0.5
DCGM_FI_DEV_VGPU_LICENSE_STATUS{gpu="0",UUID="GPU-0",vgpu="1"} 0
`,
  'labels that are ours, labels that need escapes': String.raw`DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-0",dstack_job_id="fake",a="\"q\" \\ \n é"} 30
`,
};

export interface FieldPage {
  readonly name: string;
  readonly text: string;
}

const COLLECTED = join(__dirname, '../../../shared/dcgm-samples');

export function fieldPages(): FieldPage[] {
  const files = existsSync(COLLECTED)
    ? readdirSync(COLLECTED).filter((name) => /^(?!SOURCES).*\.txt$/.test(name))
    : [];
  return [
    ...Object.entries(SHAPES).map(([name, text]) => ({ name, text })),
    ...files.map((name) => ({ name, text: readFileSync(join(COLLECTED, name), 'utf8') })),
  ];
}
