import { PIECE_BYTES } from './block';
import type { Piece } from './block';
import { LONGEST_VALUE } from './digits';
import { formatValue } from './format';

/** Assembles lines whose labels are already bytes: `name{labels} value`. */
export interface LineWriter {
  /** Returns full chunks. */
  add(name: Buffer, labels: Buffer, value: number): Piece | undefined;
  /** Returns the rest. */
  end(): Piece | undefined;
}

export function openLineWriter(): LineWriter {
  let chunk = Buffer.alloc(0);
  let end = 0;
  const written = (): Piece | undefined =>
    end === 0 ? undefined : { bytes: chunk.subarray(0, end), slot: null };
  return {
    add(name, labels, value) {
      const most = name.length + labels.length + LONGEST_VALUE + 1;
      let full: Piece | undefined;
      if (end + most > chunk.length) {
        full = written();
        chunk = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, most));
        end = 0;
      }
      chunk.set(name, end);
      chunk.set(labels, end + name.length);
      end += name.length + labels.length;
      end += chunk.write(formatValue(value), end, 'latin1');
      chunk[end++] = 0x0a;
      return full;
    },
    end: written,
  };
}
