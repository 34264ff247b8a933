/** The system's code of an error (`ENOENT`), where it is one of the system's. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? code : undefined;
}
