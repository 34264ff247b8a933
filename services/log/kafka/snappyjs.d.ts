/** snappyjs ships no types. */
declare module 'snappyjs' {
  /** Throws if the data says that it decompresses to more than `maxLength`. */
  export function uncompress(compressed: Buffer, maxLength?: number): Buffer;
  export function compress(uncompressed: Buffer): Buffer;
}
