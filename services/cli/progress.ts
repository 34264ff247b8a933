import { performance } from 'node:perf_hooks';

/**
 * Progress of long work on standard error: one line that is rewritten on a terminal, a line now and then
 * elsewhere.
 */
export interface Progress {
  advance(items: number, bytes: number): void;
  end(): void;
}

/** A terminal, or anything that takes whole lines. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const TERMINAL_EVERY_MS = 200;
const PLAIN_EVERY_MS = 5000;

/** @param totalBytes undefined if it is not known: then neither percentage nor time left is shown */
export function openProgress(
  verb: string,
  totalBytes: number | undefined,
  output: ProgressOutput = process.stderr,
): Progress {
  const startMs = performance.now();
  let items = 0;
  let bytes = 0;
  let writtenMs = startMs;
  const line = (): string => {
    const seconds = (performance.now() - startMs) / 1000;
    const rate = seconds > 0 ? Math.round(items / seconds) : 0;
    const share = totalBytes === undefined || totalBytes === 0 ? undefined : Math.min(1, bytes / totalBytes);
    const left =
      share === undefined || share === 0
        ? ''
        : `, ${String(Math.ceil((seconds * (1 - share)) / share))} s left`;
    const percent = share === undefined ? '' : `${String(Math.floor(share * 100))} %, `;
    return `${verb} ${items.toLocaleString('en')} events (${percent}${rate.toLocaleString('en')}/s${left})`;
  };
  return {
    advance(moreItems, moreBytes) {
      items += moreItems;
      bytes += moreBytes;
      if (performance.now() - writtenMs < (output.isTTY === true ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS))
        return;
      writtenMs = performance.now();
      output.write(output.isTTY === true ? `\r\x1b[K${line()}` : `${line()}\n`);
    },
    end() {
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      const done = `${verb} ${items.toLocaleString('en')} events in ${seconds} s\n`;
      output.write(output.isTTY === true ? `\r\x1b[K${done}` : done);
    },
  };
}
