/** Levels as pino numbers them, with their colours on a terminal. */
const LEVELS: ReadonlyMap<unknown, { readonly name: string; readonly color: string }> = new Map([
  [10, { name: 'trace', color: '2' }],
  [20, { name: 'debug', color: '2' }],
  [30, { name: 'info', color: '32' }],
  [40, { name: 'warn', color: '33' }],
  [50, { name: 'error', color: '31' }],
  [60, { name: 'fatal', color: '31' }],
]);
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;

/**
 * A line of the log as people read it on a terminal: the time, the level, what is said, and the rest as
 * NAME=VALUE.
 */
export function forPeople(json: string, usesColor: boolean): string {
  const { level, time, msg, err, ...rest } = fieldsOf(json);
  const { name, color } = LEVELS.get(level) ?? { name: '', color: '0' };
  const shown = name.padEnd(5);
  const fields = Object.entries({ ...rest, ...(err === undefined ? {} : { error: messageOf(err) }) });
  const parts = [
    String(time).slice(11, 19),
    usesColor ? `\x1b[${color}m${shown}\x1b[0m` : shown,
    plain(msg ?? ''),
    ...fields.map(([field, value]) => `${field}=${plain(value)}`),
  ];
  return `${parts.join(' ').trimEnd()}\n`;
}

function fieldsOf(json: string): Record<string, unknown> {
  const value: unknown = JSON.parse(json);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function messageOf(err: unknown): unknown {
  return typeof err === 'object' && err !== null && 'message' in err ? err.message : err;
}

/** On one line, whatever it contains. */
function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll(CONTROLS, ' ');
}
