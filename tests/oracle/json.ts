/** Reading parsed JSON whose shape was checked before: null counts as absent everywhere. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member along a dotted path; undefined if a step of it is absent or null. */
export function member(value: unknown, path: string): unknown {
  let at: unknown = value;
  for (const step of path.split('.')) {
    if (!isObject(at) || !Object.hasOwn(at, step)) return undefined;
    at = at[step];
  }
  return at ?? undefined;
}

/** The text along a path, '' where there is none (the page shows an empty label). */
export function textAt(value: unknown, path: string): string {
  const found = member(value, path);
  return typeof found === 'string' ? found : '';
}

/** The number along a path, 0 where there is none. */
export function numberAt(value: unknown, path: string): number {
  const found = member(value, path);
  return typeof found === 'number' ? found : 0;
}

export function listAt(value: unknown, path: string): readonly unknown[] {
  const found = member(value, path);
  return Array.isArray(found) ? found : [];
}

export function entriesAt(value: unknown, path: string): readonly [string, unknown][] {
  const found = member(value, path);
  return isObject(found) ? Object.entries(found) : [];
}
