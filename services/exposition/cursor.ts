/** A position in one line. What fails sets `fault` and returns null, and the line is abandoned there. */
export interface Cursor {
  readonly text: string;
  at: number;
  fault: Fault | null;
}

interface Fault {
  /** In UTF-16 units, from 1. */
  readonly column: number;
  readonly reason: string;
}

export function cursorOf(text: string): Cursor {
  return { text, at: 0, fault: null };
}

/** Abandons the line at `at`. */
export function fail(cursor: Cursor, reason: string, at = cursor.at): null {
  cursor.fault = { column: at + 1, reason };
  return null;
}

export function skipBlanks(cursor: Cursor): void {
  for (;;) {
    const c = cursor.text[cursor.at];
    if (c !== ' ' && c !== '\t') return;
    cursor.at++;
  }
}

export function atEnd(cursor: Cursor): boolean {
  return cursor.at >= cursor.text.length;
}

/** Takes this text if it is next. */
export function take(cursor: Cursor, expected: string): boolean {
  if (!cursor.text.startsWith(expected, cursor.at)) return false;
  cursor.at += expected.length;
  return true;
}

/** Takes the text that a sticky pattern matches here. */
export function takeMatch(cursor: Cursor, sticky: RegExp): string | null {
  sticky.lastIndex = cursor.at;
  const match = sticky.exec(cursor.text);
  if (match === null) return null;
  cursor.at += match[0].length;
  return match[0];
}

export const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
export const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;

/** The text here, short enough for a reason. */
export function found(cursor: Cursor): string {
  return atEnd(cursor) ? 'the end of the line' : quoted(cursor.text.slice(cursor.at));
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
