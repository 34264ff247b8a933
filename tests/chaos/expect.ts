import type { Suite } from './suite';

/** No page differs from what the log says, and no counter falls. */
export async function expectNoFault(
  run: Suite['run'],
  options: Readonly<Record<string, number>>,
): Promise<void> {
  const printed = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    expect(await run(new Map(Object.entries(options)))).toEqual([]);
  } finally {
    printed.mockRestore();
  }
}
