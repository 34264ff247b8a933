/**
 * Ends a rebuild or a verification early. `away`: a service does not answer, and the same command may be
 * given again. `refused`: it can't be done, and the message says what to do.
 */
export class ReplayStopped extends Error {
  constructor(
    readonly kind: 'away' | 'refused',
    message: string,
  ) {
    super(message);
  }
}

/** What a port answered; throws if it is unavailable. */
export function answered<T extends { readonly kind: string }>(
  answer: T | { readonly kind: 'unavailable'; readonly detail: string },
): T {
  if (isUnavailable(answer)) throw new ReplayStopped('away', answer.detail);
  return answer;
}

function isUnavailable(answer: {
  readonly kind: string;
}): answer is { readonly kind: 'unavailable'; readonly detail: string } {
  return answer.kind === 'unavailable';
}
