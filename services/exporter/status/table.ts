import { NOTHING, html } from './html';
import type { Markup } from './html';

/** A heading over texts, or over numbers, which stand at the right. */
export type Heading = string | { readonly numbers: string };

/** @param sort `wide`: on a phone each row becomes a list, of which the cells' data-label are the names */
export function table(headings: readonly Heading[], rows: readonly Markup[], sort?: 'wide'): Markup {
  const cells = headings.map((heading) =>
    typeof heading === 'string' ? html`<th>${heading}</th>` : html`<th class="n">${heading.numbers}</th>`,
  );
  return html`<table${sort === undefined ? NOTHING : html` class="${sort}"`}>
    <thead>
      <tr>
        ${cells}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}
