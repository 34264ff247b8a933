import type { ProcessMetrics } from '../../process/metrics';
import type { Version } from '../../store/port';
import { html } from './html';
import type { Markup } from './html';
import { timeMarkup } from './tables';
import { table } from './table';
import { agoText, countText } from './text';

/**
 * How records become the page, as this process sees it: other replicas have their own figures on
 * /metrics/process.
 */
export interface Pipeline {
  readonly partitions: readonly { readonly pageTimeMs: number; readonly version: Version }[];
  readonly ownedPartitions: number;
  readonly lagRecords: number;
  readonly deadLetters: number;
  /** Of the last page of each sort that went out. */
  readonly pageBytes: readonly { readonly part: string; readonly bytes: number }[];
}

export async function readPipeline(
  metrics: ProcessMetrics,
  partitions: Pipeline['partitions'],
): Promise<Pipeline> {
  const [owned, lag, letters, bytes] = await Promise.all([
    metrics.ownedPartitions.get(),
    metrics.consumerLag.get(),
    metrics.deadLetters.get(),
    metrics.pageBytes.get(),
  ]);
  const sum = ({ values }: { readonly values: readonly { readonly value: number }[] }): number =>
    values.reduce((total, { value }) => total + value, 0);
  return {
    partitions,
    ownedPartitions: sum(owned),
    lagRecords: sum(lag),
    deadLetters: sum(letters),
    pageBytes: bytes.values.map(({ labels, value }) => ({
      part: `${String(labels.part)}, ${String(labels.format)}`,
      bytes: value,
    })),
  };
}

export function pipelineCard(pipeline: Pipeline, nowMs: number): Markup {
  const { partitions, ownedPartitions, lagRecords, deadLetters, pageBytes } = pipeline;
  const rows = partitions.map(
    ({ pageTimeMs, version }, partition) =>
      html`<tr>
        <td>${String(partition)}</td>
        <td class="n">${timeMarkup(pageTimeMs, agoText(pageTimeMs, nowMs))}</td>
        <td class="n">${String(version.epoch)}</td>
        <td class="n">${countText(version.counter)}</td>
      </tr> `,
  );
  const sizes = pageBytes.map(({ part, bytes }) => `${(bytes / 1e6).toFixed(1)} MB (${part})`);
  return html`<section class="card">
    <h2>Pipeline</h2>
    <p class="note">
      This process owns ${countText(ownedPartitions)} of ${countText(partitions.length)} partitions and has
      ${countText(lagRecords)} records of theirs to read. It has copied ${countText(deadLetters)} records to
      the dead letters since it started. Last pages: ${sizes.length === 0 ? 'none yet' : sizes.join(', ')}.
    </p>
    <details>
      <summary>Partitions: page time, owner's epoch, version</summary>
      ${table(['Partition', { numbers: 'page time' }, { numbers: 'epoch' }, { numbers: 'commits' }], rows)}
    </details>
  </section>`;
}
