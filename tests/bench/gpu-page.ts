/** A page as a dcgm-exporter of a whole node gives it. */
import { DEFAULT_GPU_FIELDS } from '../../services/exposition/dcgm-fields';

/** `change` moves the values from one page of a node to the next. */
export function gpuPage(gpus: number, node = 0, change = 0): Buffer {
  const lines: string[] = [];
  for (const [f, name] of [...DEFAULT_GPU_FIELDS].entries()) {
    lines.push(`# HELP ${name} What the field means, and its unit (in MHz).`, `# TYPE ${name} gauge`);
    for (let gpu = 0; gpu < gpus; gpu++) {
      const id = `${String(node).padStart(8, '0')}-7953-256e-8f33-1343419b1a1${String(gpu)}`;
      const labels =
        `gpu="${String(gpu)}",UUID="GPU-${id}",pci_bus_id="00000000:3${String(gpu)}:00.0",device="nvidia${String(gpu)}",` +
        `modelName="NVIDIA H100 80GB HBM3",Hostname="gpu-node-${String(node)}",DCGM_FI_DRIVER_VERSION="580.105.08"`;
      const value =
        f % 3 === 0
          ? ((f * 31 + gpu * 7 + change) % 1000) / 999
          : (f * 1009 + gpu * 17 + change * 13) % 100_000;
      lines.push(`${name}{${labels}} ${f % 3 === 0 ? value.toFixed(6) : String(value)}`);
    }
  }
  return Buffer.from(`${lines.join('\n')}\n`);
}
