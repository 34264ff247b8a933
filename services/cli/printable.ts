/** Control characters, and whatever else breaks a line: they would act on the terminal that shows a text. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

/** A producer's text, safe to print. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, '\uFFFD');
}
