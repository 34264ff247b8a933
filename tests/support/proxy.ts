/** A TCP proxy that does to connections what networks do. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  readonly port: number;
  /** All connections are reset, and made anew as clients like. */
  reset(): void;
  /** Nothing goes through until heal(), and nobody is told; new connections are taken and stay silent too. */
  halfOpen(): void;
  /** Everything takes that long, each way. */
  delay(ms: number): void;
  /** So many of the answers are cut off in the middle, and their connection with them. */
  cutReplies(share: number): void;
  /**
   * The next bytes of a client that match are passed on, and its connection is reset before the answer; then
   * all is well.
   */
  resetAfter(matches: (bytes: Buffer) => boolean): void;
  isWell(): boolean;
  /** All is well again, for connections that are still there and for new ones. */
  heal(): void;
  close(): Promise<void>;
}

interface Fault {
  readonly silent: boolean;
  readonly delayMs: number;
  readonly cutShare: number;
  readonly resetAfter: ((bytes: Buffer) => boolean) | null;
}

const NONE: Fault = { silent: false, delayMs: 0, cutShare: 0, resetAfter: null };
/** So long the server has to do what it was told, before the connection goes. */
const RESET_MS = 20;

export async function startProxy(target: { readonly host: string; readonly port: number }): Promise<Proxy> {
  let fault: Fault = NONE;
  let healed: Promise<void> = Promise.resolve();
  let endSilence = (): void => undefined;
  const sockets = new Set<Socket>();

  function become(next: Fault): void {
    endSilence();
    fault = next;
    if (next.silent) healed = new Promise((resolve) => (endSilence = resolve));
  }

  function drop(...both: Socket[]): void {
    for (const socket of both) {
      sockets.delete(socket);
      socket.resetAndDestroy();
    }
  }

  /**
   * Passes on what comes, in order, as the fault of the moment has it; what was held up arrives late, as
   * after a partition.
   */
  function pipe(from: Socket, to: Socket, isAnswer: boolean): void {
    let last = Promise.resolve();
    function pass(bytes: Buffer): void {
      if (to.destroyed) return;
      if (isAnswer && Math.random() < fault.cutShare) {
        to.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => drop(from, to));
        return;
      }
      const resets = !isAnswer && fault.resetAfter?.(bytes) === true;
      if (resets) become(NONE);
      to.write(bytes, () => resets && setTimeout(() => drop(from, to), RESET_MS));
    }
    from.on('data', (bytes: Buffer) => {
      const { silent, delayMs } = fault;
      if (silent) last = last.then(() => healed);
      else if (delayMs > 0) last = last.then(() => new Promise((resolve) => setTimeout(resolve, delayMs)));
      last = last.then(() => pass(bytes));
    });
    from.on('error', () => undefined);
    from.on(
      'close',
      () => void last.then(() => (fault.silent ? healed : undefined)).then(() => drop(from, to)),
    );
  }

  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
    }
    pipe(client, upstream, false);
    pipe(upstream, client, true);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');

  return {
    port: address.port,
    reset: () => drop(...sockets),
    halfOpen: () => become({ ...NONE, silent: true }),
    delay: (delayMs) => become({ ...NONE, delayMs }),
    cutReplies: (cutShare) => become({ ...NONE, cutShare }),
    resetAfter: (resetAfter) => become({ ...NONE, resetAfter }),
    isWell: () => fault === NONE,
    heal: () => become(NONE),
    async close() {
      become(NONE);
      drop(...sockets);
      server.close();
      await once(server, 'close');
    },
  };
}
