import { createHash } from 'node:crypto';

/** A Lua script and the name that EVALSHA knows it by. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

export function script(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}
