import { readPage } from '../../services/exposition/reader';
import type { ExpositionFormat, Page } from '../../services/exposition/page';

/** Reads a page that is not too large. */
export function read(text: string | Buffer, format: ExpositionFormat = 'text'): Page {
  const page = readPage(Buffer.from(text), format);
  if (page.kind !== 'page') throw new Error(page.detail);
  return page;
}
