import { formatValue } from './format';

/** No value is longer: a double has 17 digits, a sign, a point and an exponent. */
export const LONGEST_VALUE = 32;

const ZERO = 0x30;
const POINT = 0x2e;

/**
 * Writes units ÷ per as formatValue() prints it, and returns where it ends. A number of up to 15 digits is
 * its own shortest decimal (no two of them share a double), so its digits are written as they are; the rest
 * is left to JavaScript.
 */
export function writeUnits(into: Uint8Array, at: number, units: number, per: number): number {
  if (units >= 1e15 || units < per / 1e6) return writeText(into, at, formatValue(units / per));
  const whole = Math.floor(units / per);
  let end = writeWhole(into, at, whole);
  let fraction = units - whole * per;
  if (fraction === 0) return end;
  into[end++] = POINT;
  for (let unit = per / 10; fraction > 0; unit /= 10) {
    const digit = Math.floor(fraction / unit);
    into[end++] = ZERO + digit;
    fraction -= digit * unit;
  }
  return end;
}

function writeWhole(into: Uint8Array, at: number, whole: number): number {
  let length = 1;
  for (let limit = 10; limit <= whole; limit *= 10) length++;
  let left = whole;
  for (let place = at + length - 1; place >= at; place--) {
    const next = Math.floor(left / 10);
    into[place] = ZERO + (left - next * 10);
    left = next;
  }
  return at + length;
}

/** Of ASCII alone. */
export function writeText(into: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
  return at + text.length;
}
