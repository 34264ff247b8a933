import { MS_PER_HOUR } from '../catalogue/money';

/** What is reported about anything: money and GPU time, both as whole numbers, so that they add up. */
export interface Amount {
  readonly nanoDollars: bigint;
  /** GPUs × ms. */
  readonly gpuMs: bigint;
}

export const NOTHING: Amount = { nanoDollars: 0n, gpuMs: 0n };

export function plus(a: Amount, b: Amount): Amount {
  return { nanoDollars: a.nanoDollars + b.nanoDollars, gpuMs: a.gpuMs + b.gpuMs };
}

export function minus(a: Amount, b: Amount): Amount {
  return { nanoDollars: a.nanoDollars - b.nanoDollars, gpuMs: a.gpuMs - b.gpuMs };
}

export function isNothing({ nanoDollars, gpuMs }: Amount): boolean {
  return nanoDollars === 0n && gpuMs === 0n;
}

/** All digits of a whole number of units, 10^digits of which make one. */
export function decimalText(units: bigint, digits: number): string {
  const text = String(units < 0n ? -units : units).padStart(digits + 1, '0');
  const point = text.length - digits;
  const sign = units < 0n ? '-' : '';
  return digits === 0 ? sign + text : `${sign}${text.slice(0, point)}.${text.slice(point)}`;
}

const NANO_DIGITS = 9;

export function dollarsText({ nanoDollars }: Amount): string {
  return decimalText(nanoDollars, NANO_DIGITS);
}

const HOUR_DIGITS = 6;

/** The nearest double. */
export function gpuHours({ gpuMs }: Amount): number {
  return Number(gpuMs) / Number(MS_PER_HOUR);
}

/** GPU-hours to the sixth digit, 3.6 ms, rounded half away from 0. */
export function gpuHoursText({ gpuMs }: Amount): string {
  const scaled = gpuMs * 10n ** BigInt(HOUR_DIGITS);
  const half = MS_PER_HOUR / 2n;
  const units = (scaled + (scaled < 0n ? -half : half)) / MS_PER_HOUR;
  return decimalText(units, HOUR_DIGITS);
}
