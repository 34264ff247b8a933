import { HELD, ORPHANED_JOBS, PAGE_TIMESTAMP, SOURCE_TIMESTAMP } from '../catalogue/page-families';
import type { PartitionView } from '../view/view';
import { piecesOf } from './block';
import type { Block, Piece } from './block';
import { openContents } from './contents';
import type { PageContents } from './contents';
import { formatLabels, formatValue, header } from './format';
import type { Format } from './format';
import { gpuBlocks } from './gpu';
import { heldLines } from './held-family';
import { openLayout } from './layout';
import type { Layout } from './layout';
import type { Count, LeftOutOfPage } from './left-out';
import { orphanLines } from './orphans';
import { ownBlocks } from './own-families';
import { passthroughBlocks } from './passthrough';
import type { PageRequest } from './request';
import { passedRows } from './rows';
import { inFirstShard } from './selection';
import { sumBlocks } from './sum-families';
import { usageBlocks } from './usage-families';

/**
 * The page of the partitions' state, in pieces of whole lines. The order of families is the catalogue's, that of series depends on the
 * state alone: the same views give the same bytes from any replica. Families are contiguous, with one HELP and TYPE each, and only those
 * that have a series are there; the last line ends with a newline. The views must stand still until all is written.
 * @param layout of the same views, where the page is written more than once
 */
export function* writePieces(
  views: readonly PartitionView[],
  request: PageRequest,
  layout: Layout,
): Generator<Piece> {
  const contents = openContents(views, layout, request);
  for (const block of blocksOf(contents, views, request)) {
    let opened = false;
    for (const piece of block.pieces) {
      if (!opened) yield { bytes: Buffer.from(headerOf(block, request.format)), slot: null };
      opened = true;
      yield piece;
    }
  }
  if (request.format === 'openmetrics') yield { bytes: Buffer.from('# EOF\n'), slot: null };
}

/** The page as one would read it, written once. */
export function* writePage(views: readonly PartitionView[], request: PageRequest): Generator<Buffer> {
  const layout = openLayout();
  try {
    for (const { bytes } of writePieces(views, request, layout)) yield bytes;
  } finally {
    layout.close();
  }
}

function headerOf({ name, type, openMetricsType, help }: Block, format: Format): string {
  return header(format, name, format === 'openmetrics' ? (openMetricsType ?? type) : type, help);
}

function* blocksOf(
  contents: PageContents,
  views: readonly PartitionView[],
  request: PageRequest,
): Generator<Block> {
  yield* ownBlocks(contents);
  yield* usageBlocks(contents);
  yield* sumBlocks(contents);
  yield { ...ORPHANED_JOBS, pieces: piecesOf(orphanLines(contents)) };
  if (request.atMs === null) yield { ...HELD, pieces: piecesOf(heldLines(contents)) };
  yield* pageBlocks(views, request);
  const leftOut = new Map<LeftOutOfPage, number>();
  const count: Count = (cause, by = 1) => void leftOut.set(cause, (leftOut.get(cause) ?? 0) + by);
  const rows = passedRows(contents, count);
  yield* gpuBlocks(contents, rows, count);
  request.onLeftOut?.(leftOut);
  yield* passthroughBlocks(contents, rows);
}

function* pageBlocks(views: readonly PartitionView[], request: PageRequest): Generator<Block> {
  const { selection } = request;
  if (!inFirstShard(selection) || selection.scope !== null) return;
  const pageTimeMs = request.atMs ?? Math.min(...views.map((view) => view.pageTimeMs));
  yield {
    ...PAGE_TIMESTAMP,
    pieces: piecesOf([`${PAGE_TIMESTAMP.name} ${formatValue(pageTimeMs / 1000)}\n`]),
  };
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
  yield { ...SOURCE_TIMESTAMP, pieces: piecesOf(lines) };
}
