/** An event may be this far ahead of the clock that it is judged by: producers' clocks are not the log's. */
export const FUTURE_MS = 300_000;

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const ZERO = 48;

/** 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: all that four digits of a year can say in UTC. */
const FIRST_UTC_MS = -62_135_596_800_000;
const LAST_UTC_MS = 253_402_300_799_999;
const WIDEST_OFFSET_MS = (23 * 60 + 59) * 60_000;

/**
 * Reads an RFC 3339 time: milliseconds since the epoch, or null where it isn't one.
 *
 * Years 0001 to 9999; up to 9 fraction digits, cut (not rounded) to the millisecond; offsets up to 23:59. A
 * second 60 is taken at any minute and is the next minute's second 0, as POSIX time has no leap seconds.
 */
export function parseTime(text: string): number | null {
  return parseUtc(text) ?? parseAny(text);
}

/**
 * `YYYY-MM-DDTHH:MM:SSZ` and `YYYY-MM-DDTHH:MM:SS.mmmZ`, which is what nearly all events have; null for any
 * other form.
 */
function parseUtc(text: string): number | null {
  const length = text.length;
  if (length !== 24 && length !== 20) return null;
  if (text[4] !== '-' || text[7] !== '-' || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':')
    return null;
  if (text[length - 1] !== 'Z' || (length === 24 && text[19] !== '.')) return null;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const ms = length === 24 ? twoDigits(text, 20) * 10 + digit(text, 22) : 0;
  return toMs(
    year,
    twoDigits(text, 5),
    twoDigits(text, 8),
    twoDigits(text, 11),
    twoDigits(text, 14),
    twoDigits(text, 17),
    ms,
    0,
  );
}

function parseAny(text: string): number | null {
  const match = RFC_3339.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour = 0, offsetMinute = 0] =
    match;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const offset = Number(offsetHour) * 60 + Number(offsetMinute);
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
  return toMs(
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    ms,
    sign === '-' ? -offset : offset,
  );
}

/**
 * Null where a field is out of range; NaN fails each comparison, so a character that is no digit ends here
 * too.
 */
function toMs(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  ms: number,
  offsetMinutes: number,
): number | null {
  if (!(year >= 1 && day >= 1 && day <= daysIn(year, month))) return null;
  if (!(hour <= 23 && minute <= 59 && second <= 60 && ms <= 999)) return null;
  const minutes = (daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute - offsetMinutes;
  return (minutes * 60 + second) * 1000 + ms;
}

function daysIn(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return leap ? 29 : (DAYS_IN_MONTH[month - 1] ?? NaN);
}

/**
 * Days from 1970-01-01 in the Gregorian calendar; years begin in March here, so that a leap day is a year's
 * last.
 */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

function twoDigits(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1);
}

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - ZERO;
  return value >= 0 && value <= 9 ? value : NaN;
}

/**
 * Writes a time as RFC 3339 in UTC with milliseconds. What an offset has put outside the years 0001 to 9999
 * of UTC is written with an offset again, since RFC 3339 has no other years: what parseTime() reads, it reads
 * back the same.
 */
export function formatTime(timeMs: number): string {
  if (timeMs < FIRST_UTC_MS) return withOffset(timeMs + WIDEST_OFFSET_MS, '+23:59');
  if (timeMs <= LAST_UTC_MS) return new Date(timeMs).toISOString();
  const local = timeMs - WIDEST_OFFSET_MS;
  if (local <= LAST_UTC_MS) return withOffset(local, '-23:59');
  return withOffset(local - 1000, '-23:59').replace(':59.', ':60.');
}

function withOffset(localMs: number, offset: string): string {
  return new Date(localMs).toISOString().replace('Z', offset);
}
