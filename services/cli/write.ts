/** Writes to standard output, waiting if its reader is slower. */
export async function writeAll(chunks: Iterable<string | Buffer>): Promise<void> {
  for (const chunk of chunks) await write(chunk);
}

function write(text: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
