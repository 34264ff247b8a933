/** A piece of HTML that is safe to put into a page: made by html``, or a constant. */
export interface Markup {
  readonly markup: string;
}

type Content = string | Markup | readonly Markup[];

/**
 * Writes a piece of HTML. Texts between its parts are escaped, so that a name is shown as it is, whatever it
 * contains.
 */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const written = parts.map((part, i) => (i === 0 ? part : write(contents[i - 1] ?? '') + part));
  return { markup: written.join('') };
}

export const NOTHING: Markup = html``;

function write(content: Content): string {
  if (typeof content === 'string') return escapeHtml(content);
  return 'markup' in content ? content.markup : content.map(({ markup }) => markup).join('');
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

/** For text and for attributes in either quotes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES.get(character) ?? character);
}
