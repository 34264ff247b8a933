const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * RFC 3339 to ms since the epoch, cut to the millisecond; a leap second (:60) is the second after. Null if it
 * is none.
 */
export function parseTime(text: unknown): number | null {
  const match = typeof text === 'string' ? RFC_3339.exec(text) : null;
  if (match === null) return null;
  const part = (index: number): number => Number(match[index] ?? '0');
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const [offsetHour, offsetMinute] = [part(9), part(10)];
  if (year < 1 || hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59)
    return null;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  // A day that the month doesn't have rolls over to another one.
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return null;
  const offsetMinutes = (offsetHour * 60 + offsetMinute) * (match[8] === '-' ? -1 : 1);
  const seconds = (hour * 60 + minute - offsetMinutes) * 60 + second;
  return midnight.getTime() + seconds * 1000 + Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
}
