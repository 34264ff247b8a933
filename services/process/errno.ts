/** The system's code of an error (`ENOENT`), if it is a system error. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? code : undefined;
}
