import { openStop } from '../../services/cli/stop';

const said: string[] = [];
const logger = { info: (message: unknown) => void said.push(String(message)) };

function open(isOnTerminal: boolean) {
  const before = process.listenerCount('SIGHUP');
  const stop = openStop(logger, isOnTerminal);
  return {
    ...stop,
    close() {
      stop.close();
      expect(process.listenerCount('SIGHUP')).toBe(before);
    },
  };
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s asks for the end', async (name) => {
  const stop = open(false);
  process.emit(name, name);
  expect(await stop.asked).toBe(name);
  expect(stop.signal.aborted).toBe(true);
  stop.close();
});

test('SIGHUP says that files are read again, and ends only what its terminal has left', async () => {
  const daemon = open(false);
  process.emit('SIGHUP', 'SIGHUP');
  expect(daemon.signal.aborted).toBe(false);
  expect(said).toEqual([expect.stringContaining('read again')]);
  daemon.close();
  const onTerminal = open(true);
  process.emit('SIGHUP', 'SIGHUP');
  expect(await onTerminal.asked).toBe('SIGHUP');
  onTerminal.close();
});
