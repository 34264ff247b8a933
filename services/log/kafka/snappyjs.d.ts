/** snappyjs ships no types. */
declare module 'snappyjs' {
  /** Throws where the data says that it unpacks to more than `maxLength`. */
  export function uncompress(compressed: Buffer, maxLength?: number): Buffer;
  export function compress(uncompressed: Buffer): Buffer;
}
