import * as fc from 'fast-check';
import { MAX_EVENT_BYTES } from '../../events/codec';
import { readLines } from '../../services/cli/lines';

async function* chunksOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  for (const [i, end] of ends.entries()) {
    // A stream reuses its memory: what a line keeps must not change under it.
    const chunk = Buffer.from(bytes.subarray(ends[i - 1] ?? 0, end));
    yield chunk;
    chunk.fill(0x7e);
  }
}

async function linesOf(stream: AsyncIterable<Buffer | string>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines({ name: 'a file', stream })) lines.push(line.toString());
  return lines;
}

test('lines are the same wherever the chunks are cut, in the middle of a character too', async () => {
  const texts = fc.array(fc.constantFrom('', 'a', '{"x":"é"}', '😀😀', '\r', ' '));
  await fc.assert(
    fc.asyncProperty(
      texts,
      fc.boolean(),
      fc.boolean(),
      fc.array(fc.nat(60)),
      async (lines, isEnded, isMarked, cuts) => {
        const text = lines.join('\n') + (isEnded && lines.length > 0 ? '\n' : '');
        const bytes = Buffer.from(`${isMarked ? '\ufeff' : ''}${text}`);
        // A last line of nothing is none.
        const expected = !isEnded && lines.at(-1) === '' ? lines.slice(0, -1) : lines;
        expect(await linesOf(chunksOf(bytes, cuts))).toEqual(expected);
      },
    ),
  );
});

test('of a line that is too large only as much is kept as it takes to refuse it', async () => {
  async function* endless(): AsyncGenerator<Buffer> {
    for (let i = 0; i < 64; i++) yield Buffer.alloc(1 << 20, 'x');
    yield Buffer.from('\nnext');
  }
  const lines = await linesOf(endless());
  expect(lines.map(({ length }) => length)).toEqual([MAX_EVENT_BYTES + 1, 4]);
});

test.each(['utf16le', 'utf-16le with a mark', 'utf-16be with a mark'])(
  '%s is refused as what it is',
  async (encoding) => {
    const marked = Buffer.from(`${encoding === 'utf16le' ? '' : '\ufeff'}{"a":1}`, 'utf16le');
    const bytes = encoding.startsWith('utf-16be') ? marked.swap16() : marked;
    await expect(linesOf(chunksOf(bytes, [1, 3]))).rejects.toMatchObject({
      code: 1,
      message: expect.stringMatching(/^a file: it is UTF-16, expected UTF-8/) as string,
    });
  },
);
