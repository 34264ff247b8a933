/** Folds a history as `render` does, and writes its page. */
import { openHistory } from '../../services/history/file-fold';
import { type Format } from '../../services/page/format';
import { writePage } from '../../services/page/page';
import { type PartitionView } from '../../services/view/view';
import { WHOLE_PAGE, type Selection } from '../../services/page/selection';
import { type Settings } from './history-world';

export interface Folded {
  readonly views: readonly PartitionView[];
  readonly atMs: number;
  readonly sampleTtlMs: number;
  /** Refusals, as oracles give them. */
  readonly dead: readonly { readonly line: number; readonly reason: string }[];
}

/** `atMs` undefined: as of the newest event. */
export function foldLines(lines: readonly string[], settings: Settings, atMs?: number): Folded {
  const fold = openHistory({ ...settings, asOfMs: atMs ?? null }, settings.partitions);
  const dead = lines.flatMap((text, line) => {
    const refusal = fold.take(Buffer.from(text));
    return refusal === undefined ? [] : [{ line, reason: refusal.reason }];
  });
  return { ...fold.finish(), sampleTtlMs: settings.sampleTtlMs, dead };
}

export function pageOf(
  { views, atMs, sampleTtlMs }: Pick<Folded, 'views' | 'sampleTtlMs'> & { readonly atMs: number | null },
  format: Format = 'text',
  selection: Selection = WHOLE_PAGE,
): string {
  const page = [...writePage(views, { format, atMs, sampleTtlMs, selection })].join('');
  // As it goes out: a lone surrogate has no UTF-8.
  return Buffer.from(page).toString();
}
