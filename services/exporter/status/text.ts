import { formatTime } from '../../../events/time';
import { toDouble } from '../../catalogue/family';
import { NANO } from '../../catalogue/money';

/** Figures as text for people; all in English, times in UTC. */
const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 });
const DOLLARS = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const SMALL_DOLLARS = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  maximumSignificantDigits: 2,
});

export function countText(count: number): string {
  return COUNT.format(count);
}

export function nanoDollarsText(nanoDollars: bigint): string {
  return dollarsText(toDouble(nanoDollars, NANO));
}

/** To the cent; less than one is not rounded to nothing. */
export function dollarsText(dollars: number): string {
  const isSmall = dollars > 0 && dollars < 0.01;
  return (isSmall ? SMALL_DOLLARS : DOLLARS).format(dollars);
}

/** A part of a whole in percent; a dash if there is no whole. */
export function shareText(part: bigint, whole: bigint): string {
  if (whole <= 0n) return '–';
  return `${((100 * toDouble(part, NANO)) / toDouble(whole, NANO)).toFixed(1)} %`;
}

/** `2026-11-24 08:00:12 UTC`. */
export function timeText(timeMs: number): string {
  return formatTime(timeMs)
    .replace('T', ' ')
    .replace(/\.\d{3}Z$/, ' UTC');
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** `3 min 20 s`: its two largest units; below ten seconds with a tenth. */
export function spanText(spanMs: number): string {
  if (spanMs < 10_000) return `${(Math.max(0, spanMs) / 1000).toFixed(1)} s`;
  const parts = UNITS.map(([name, unitMs], i) => {
    const rest = spanMs % (UNITS[i - 1]?.[1] ?? Infinity);
    return { name, count: Math.floor(rest / unitMs) };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${String(count)} ${name}`)
    .join(' ');
}

/**
 * How long ago a moment was. Events may be somewhat ahead of the clock, and so may another machine's clock
 * be.
 */
export function agoText(timeMs: number, nowMs: number): string {
  return timeMs > nowMs ? `${spanText(timeMs - nowMs)} ahead` : `${spanText(nowMs - timeMs)} ago`;
}
