import fc from 'fast-check';
import { textOf, utf8Of } from '../../events/encoding';

const JSON_TEXT = fc.json();

test('JSON in UTF-8 is taken as it is, with a byte order mark and without', () => {
  fc.assert(
    fc.property(JSON_TEXT, (json) => {
      expect(textOf(Buffer.from(json))).toBe(json);
      expect(textOf(Buffer.from(`\ufeff${json}`))).toBe(json);
    }),
  );
});

/** Of Unicode's forms, those that Node has no word for. */
function utf32(text: string, write: 'writeUInt32LE' | 'writeUInt32BE'): Buffer {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(4 * points.length);
  points.forEach((point, i) => bytes[write](point, 4 * i));
  return bytes;
}

test('UTF-16 and UTF-32 are told by their mark, and without one by what JSON begins with', () => {
  const twoAscii = JSON_TEXT.filter((json) => /^[ -~]{2}/.test(json));
  fc.assert(
    fc.property(twoAscii, fc.constantFrom('', '\ufeff'), (json, mark) => {
      const text = mark + json;
      const [little, big] = [Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16()];
      for (const bytes of [little, big])
        expect(utf8Of(bytes)).toEqual({ kind: 'foreign', encoding: 'UTF-16' });
      for (const write of ['writeUInt32LE', 'writeUInt32BE'] as const)
        expect(utf8Of(utf32(text, write))).toEqual({ kind: 'foreign', encoding: 'UTF-32' });
    }),
  );
});

test.each(['', '{', '1', '\0', '\0\0\0\0', 'a\0', 'ab\0d', '\ufffd'])('%j is no other encoding', (text) => {
  expect(utf8Of(Buffer.from(text))).toEqual({ kind: 'utf-8', bytes: Buffer.from(text) });
});
