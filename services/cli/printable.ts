/** Control characters, and what else breaks a line: they would drive the terminal that a text is shown on. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

/** A text of a producer's as one may print it. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, '\uFFFD');
}
