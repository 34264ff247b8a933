import { HELD, ORPHANED_JOBS, PAGE_TIMESTAMP, SOURCE_TIMESTAMP } from '../catalogue/page-families';
import type { PartitionView } from '../view/view';
import type { Bearer } from './bearer';
import { piecesOf } from './block';
import type { Block, Piece } from './block';
import { openContents } from './contents';
import type { PageContents } from './contents';
import { formatLabels, formatValue, header } from './format';
import type { Format } from './format';
import { cut } from './cut';
import { countIn, gather, leftOutOf } from './gathering';
import { gpuBlocks } from './gpu';
import { heldLines } from './held-family';
import { openLayout } from './layout';
import type { Layout } from './layout';
import type { Count, LeftOutOfPage } from './left-out';
import { orphanLines } from './orphans';
import { ownBlocks } from './own-families';
import type { Passed } from './passed';
import { passthroughBlocks } from './passthrough';
import type { PageRequest } from './request';
import { inFirstShard, inProject, inShard } from './selection';
import { sumBlocks } from './sum-families';
import { usageBlocks } from './usage-families';

/**
 * The page of the partitions' state, in pieces of whole lines. The order of families is the catalogue's, that
 * of series depends on the state alone: the same views give the same bytes from any replica. Families are
 * contiguous, with one HELP and TYPE each, and only those that have a series are present; the last line ends
 * with a newline. The views must not change until everything is written.
 * @param layout of the same views, if the page is written more than once
 */
export function* writePieces(
  views: readonly PartitionView[],
  request: PageRequest,
  layout: Layout,
): Generator<Piece> {
  const contents = openContents(views, layout, request);
  for (const block of blocksOf(contents, views, request)) {
    if (block === null) {
      yield NOTHING_YET;
      continue;
    }
    let opened = false;
    for (const piece of block.pieces) {
      if (!opened) yield { bytes: Buffer.from(headerOf(block, request.format)), slot: null };
      opened = true;
      yield piece;
    }
  }
  if (request.format === 'openmetrics') yield { bytes: Buffer.from('# EOF\n'), slot: null };
}

/** The page as one would read it, written just once. */
export function* writePage(views: readonly PartitionView[], request: PageRequest): Generator<Buffer> {
  const layout = openLayout();
  try {
    for (const { bytes } of writePieces(views, request, layout)) yield bytes;
  } finally {
    layout.close();
  }
}

/** Something takes long: the reader may do something else in the meantime. */
const NOTHING_YET: Piece = { bytes: Buffer.alloc(0), slot: null };

function headerOf({ name, type, openMetricsType, help }: Block, format: Format): string {
  return header(format, name, format === 'openmetrics' ? (openMetricsType ?? type) : type, help);
}

function* blocksOf(
  contents: PageContents,
  views: readonly PartitionView[],
  request: PageRequest,
): Generator<Block | null> {
  yield* ownBlocks(contents);
  yield* usageBlocks(contents);
  yield* sumBlocks(contents);
  yield { ...ORPHANED_JOBS, pieces: piecesOf(orphanLines(contents)) };
  if (request.atMs === null) yield { ...HELD, pieces: piecesOf(heldLines(contents)) };
  yield* pageBlocks(views, request);
  const leftOut = new Map<LeftOutOfPage, number>();
  const passed = yield* passedThrough(contents, countIn(leftOut));
  request.onLeftOut?.(leftOut);
  const selected = passed.filter(({ bearer }) => isSelected(contents, bearer));
  yield* gpuBlocks(selected.map(({ gpus }) => gpus));
  yield* passthroughBlocks(passed, selected);
}

function* passedThrough(contents: PageContents, count: Count): Generator<null, readonly Passed[]> {
  const kept = contents.layout.passed;
  const all = yield* gather(contents, kept);
  for (const [cause, by] of leftOutOf(kept)) count(cause, by);
  return cut(all, count);
}

function isSelected({ selection }: PageContents, { project, bucket }: Bearer): boolean {
  return inProject(selection, project) && inShard(selection, bucket);
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
