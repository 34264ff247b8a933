import { HELD, ORPHANED_JOBS, PAGE_TIMESTAMP, SOURCE_TIMESTAMP } from '../catalogue/page';
import { formatLabels, formatValue, header } from './format';
import type { Format } from './format';
import { openFigures } from './contents';
import { ownBlocks, sumBlocks, usageBlocks } from './blocks';
import { heldLines } from './held-family';
import type { Block } from './block';
import type { PartitionView } from '../view/view';
import type { PageRequest } from './request';
import { gpuBlocks } from './gpu';
import type { Count, LeftOutOfPage } from './left-out';
import { orphanLines } from './orphans';
import { passthroughBlocks } from './passthrough';
import { passedRows } from './rows';
import { inFirstShard } from './selection';

/** Large enough to make few writes, small enough to not hold the event loop. */
const CHUNK_CHARS = 64 * 1024;

/**
 * The page of the partitions' state, in chunks. The order of families is the catalogue's, that of series depends on the state
 * alone: the same views give the same bytes from any replica. Families are contiguous, with one HELP and TYPE each, and only those
 * that have a series are there; the last line ends with a newline.
 */
export function* writePage(views: readonly PartitionView[], request: PageRequest): Generator<string> {
  const figures = openFigures(views, request);
  let chunk = '';
  for (const block of blocksOf(figures, views, request)) {
    let opened = false;
    for (const line of block.lines) {
      if (!opened) chunk += headerOf(block, request.format);
      opened = true;
      chunk += line;
      if (chunk.length < CHUNK_CHARS) continue;
      yield chunk;
      chunk = '';
    }
  }
  if (request.format === 'openmetrics') chunk += '# EOF\n';
  if (chunk !== '') yield chunk;
}

function headerOf({ name, type, openMetricsType, help }: Block, format: Format): string {
  return header(format, name, format === 'openmetrics' ? (openMetricsType ?? type) : type, help);
}

function* blocksOf(
  figures: ReturnType<typeof openFigures>,
  views: readonly PartitionView[],
  request: PageRequest,
): Generator<Block> {
  yield* ownBlocks(figures);
  yield* usageBlocks(figures);
  yield* sumBlocks(figures);
  yield { ...ORPHANED_JOBS, lines: orphanLines(figures) };
  if (request.atMs === null) yield { ...HELD, lines: heldLines(figures) };
  yield* pageBlocks(views, request);
  const leftOut = new Map<LeftOutOfPage, number>();
  const count: Count = (cause, by = 1) => void leftOut.set(cause, (leftOut.get(cause) ?? 0) + by);
  const rows = passedRows(figures, count);
  yield* gpuBlocks(figures, rows, count);
  request.onLeftOut?.(leftOut);
  yield* passthroughBlocks(figures, rows);
}

function* pageBlocks(views: readonly PartitionView[], request: PageRequest): Generator<Block> {
  const { selection } = request;
  if (!inFirstShard(selection) || selection.scope !== null) return;
  const pageTimeMs = request.atMs ?? Math.min(...views.map((view) => view.pageTimeMs));
  yield { ...PAGE_TIMESTAMP, lines: [`${PAGE_TIMESTAMP.name} ${formatValue(pageTimeMs / 1000)}\n`] };
  if (selection.project !== null) return;
  const newest = new Map<string, number>();
  for (const view of views) {
    for (const [source, timeMs] of view.sources)
      newest.set(source, Math.max(newest.get(source) ?? timeMs, timeMs));
  }
  const lines = [...newest.keys()].sort().map((source) => {
    const labels = formatLabels(SOURCE_TIMESTAMP.labels, [source]);
    return `${SOURCE_TIMESTAMP.name}{${labels}} ${formatValue((newest.get(source) ?? 0) / 1000)}\n`;
  });
  yield { ...SOURCE_TIMESTAMP, lines };
}
