import { randomUUID } from 'node:crypto';
import { MAX_EVENT_BYTES, encodeEvent } from '../../events/codec';
import type { FleetEvent } from '../../events/event';
import { GPU_SAMPLED } from '../../events/sample';
import type { GpuFields } from './gpu-fields';
import { MAX_BAD_LINES_KEPT } from './page';
import type { BadLine, ExpositionFormat } from './page';
import { readPage } from './reader';
import { seriesOf } from './series';
import type { LeftOut } from './series';

/** Whose GPUs a page is about, as `gpu.sampled` names it. */
export type Target =
  | { readonly job: { readonly id: string }; readonly run: { readonly id: string } }
  | { readonly instance: { readonly id: string } };

/** The page's origin. */
export interface PageOrigin {
  readonly format: ExpositionFormat;
  readonly target: Target;
  readonly exporter: string;
  /** The CloudEvents `source` of the event. */
  readonly source: string;
  /**
   * The sample's time. Never later than its values, or they could be shown under a job that began in between.
   */
  readonly timeMs: number;
}

/** What became of a page. */
export interface PageSummary {
  /** Rows and values that are in the event. */
  readonly series: number;
  readonly values: number;
  /** The first lines that were not taken, and how many there were. */
  readonly refused: readonly BadLine[];
  readonly refused_lines: number;
  readonly left_out: LeftOut;
}

type GpuSampledEvent = Extract<FleetEvent, { readonly type: 'fleetmeter.gpu.sampled.v1' }>;

export type PageEvent =
  | {
      readonly kind: 'event';
      readonly event: GpuSampledEvent;
      readonly json: string;
      readonly summary: PageSummary;
    }
  | {
      readonly kind: 'refused';
      readonly reason: 'too_large' | 'invalid_exposition';
      readonly detail: string;
      readonly lines: Pick<PageSummary, 'refused' | 'refused_lines'>;
    };

/** Paths and labels use it to tell exporters apart. */
export const EXPORTER_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * Makes one `gpu.sampled` event from an exporter's page: just one, since only the latest sample of its target
 * and exporter counts. Of a bad line only that line is lost; what is above a limit, or not among the fields
 * of a `dcgm` exporter, is left out. A page that is still too large for an event, or that nothing could be
 * read of, is refused as a whole.
 */
export function pageEventOf(page: Buffer, origin: PageOrigin, fields: GpuFields): PageEvent {
  const { format, target, exporter, source, timeMs } = origin;
  const read = readPage(page, format);
  if (read.kind === 'too_large') {
    return { kind: 'refused', reason: 'too_large', detail: read.detail, lines: NO_LINES };
  }
  const isWanted = fields === 'all' || exporter !== 'dcgm' ? undefined : (name: string) => fields.has(name);
  const { families, series, values, leftOut, refused, refusedCount } = seriesOf(read, isWanted);
  const lines = {
    refused: [...read.badLines, ...refused].sort((a, b) => a.line - b.line).slice(0, MAX_BAD_LINES_KEPT),
    refused_lines: read.badLineCount + refusedCount,
  };
  if (lines.refused_lines > 0 && read.samples.length === refusedCount) {
    return {
      kind: 'refused',
      reason: 'invalid_exposition',
      detail: 'no line of the page could be read',
      lines,
    };
  }
  const event = GPU_SAMPLED.make(
    { id: randomUUID(), source, timeMs },
    { ...target, exporter, families, series },
  );
  const json = encodeEvent(event);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_EVENT_BYTES) {
    const detail = `event: ${bytes} bytes, expected at most ${MAX_EVENT_BYTES}`;
    return { kind: 'refused', reason: 'too_large', detail, lines };
  }
  return {
    kind: 'event',
    event,
    json,
    summary: { series: series.length, values, ...lines, left_out: leftOut },
  };
}

const NO_LINES = { refused: [], refused_lines: 0 };
