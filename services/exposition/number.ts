const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const NOT_A_NUMBER = /^nan$/i;
const DIGITS = /^\d+$/;

/**
 * A sample's value as Prometheus reads it: Go's `strconv.ParseFloat` without hexadecimal numbers and
 * underscores. Null if it isn't one. What is too large for a double isn't one either; what is too small is 0.
 */
export function parseValue(text: string): number | null {
  if (DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : null;
  }
  if (NOT_A_NUMBER.test(text)) return NaN;
  const infinite = INFINITE.exec(text);
  if (infinite === null) return null;
  return infinite[1] === '-' ? -Infinity : Infinity;
}

/** A text page's timestamp: whole milliseconds since the epoch, unsigned as in Prometheus' lexer. */
export function parseMilliseconds(text: string): number | null {
  return DIGITS.test(text) ? exactOrNull(Number(text)) : null;
}

/** An OpenMetrics timestamp: seconds since the epoch, cut to the millisecond as Prometheus does. */
export function parseSeconds(text: string): number | null {
  const seconds = parseValue(text);
  return seconds === null ? null : exactOrNull(Math.trunc(seconds * 1000));
}

function exactOrNull(ms: number): number | null {
  return Number.isSafeInteger(ms) ? ms : null;
}
