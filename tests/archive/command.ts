/** Runs commands as the command line does, in this process. */
import { CommandError } from '../../services/cli/exit';
import { openLog } from '../../services/cli/compose';
import { readSettings, type Settings } from '../../services/cli/settings';
import { type EventLog } from '../../services/log/port';
import { openLogger } from '../../services/process/logger';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function ran(command: () => Promise<void>): Promise<Ran> {
  const out = jest.spyOn(process.stdout, 'write').mockImplementation(written);
  const err = jest.spyOn(process.stderr, 'write').mockImplementation(written);
  const text = ({ mock }: typeof out): string => mock.calls.map(([chunk]) => String(chunk)).join('');
  try {
    await command();
    return { code: 0, out: text(out), err: text(err) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { code: error.code, out: text(out), err: `${text(err)}${error.message}\n` };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

/** Tells who waits for it that a chunk is out. */
function written(_: unknown, ...rest: unknown[]): boolean {
  const done = rest.find((one) => typeof one === 'function');
  if (done !== undefined) (done as () => void)();
  return true;
}

export function settingsOf(env: Record<string, string>): Settings {
  const read = readSettings(env, 'log');
  if (!read.ok) throw new Error(read.mistakes.join('\n'));
  return read.settings;
}

export async function withOpenLog<T>(settings: Settings, use: (log: EventLog) => Promise<T>): Promise<T> {
  const log = await openLog(settings, openLogger('silent'));
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}
