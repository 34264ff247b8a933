import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { joinCrc } from '../../services/exporter/join-crc';

test('the CRC of two texts is that of both, read one behind the other', () => {
  const bytes = fc.uint8Array({ maxLength: 5000 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(joinCrc(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])));
    }),
  );
});

test('of many long ones too', () => {
  const parts = [0, 1, 70_000, 2 ** 20 + 3, 5].map((length, i) => Buffer.alloc(length, `part ${i}`));
  const joined = parts.reduce((crc, part) => joinCrc(crc, crc32(part), part.length), 0);
  expect(joined).toBe(crc32(Buffer.concat(parts)));
});
