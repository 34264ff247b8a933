import { MAX_LINES } from '../../exposition/page';
import type { Family, Sample } from '../../exposition/page';
import { readPage } from '../../exposition/reader';

/** A page for Prometheus of any length: for a thousand jobs it has more lines than an exporter's. */
export function* readLongPage(bytes: Buffer): Generator<{
  readonly samples: readonly Sample[];
  readonly families: ReadonlyMap<string, Family>;
}> {
  for (const part of partsOf(bytes)) {
    const page = readPage(part, 'text');
    if (page.kind === 'too_large') throw new Error('a part of a page has too many lines');
    yield page;
  }
}

const NEWLINE = 0x0a;

function* partsOf(bytes: Buffer): Generator<Buffer> {
  let from = 0;
  while (from < bytes.length) {
    let end = from;
    for (let lines = 0; lines < MAX_LINES - 1 && end < bytes.length; lines++) {
      const newline = bytes.indexOf(NEWLINE, end);
      end = newline === -1 ? bytes.length : newline + 1;
    }
    yield bytes.subarray(from, end);
    from = end;
  }
}
