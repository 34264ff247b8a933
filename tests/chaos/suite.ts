/** Whole numbers by name, such as how many faults there are to be. */
export type Options = ReadonlyMap<string, number>;

/**
 * What `npm run chaos -- NAME` runs: prints its table, and answers what is not as it must be, a line each.
 */
export interface Suite {
  run(options: Options): Promise<readonly string[]>;
}

export function isSuite(loaded: unknown): loaded is Suite {
  return typeof loaded === 'object' && loaded !== null && 'run' in loaded && typeof loaded.run === 'function';
}
