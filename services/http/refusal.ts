import { STATUS_CODES } from 'node:http';
import type { Context } from 'koa';

/** Why a request is not answered with what it asked for. */
export interface HttpRefusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 503;
  /** One word for programs, such as `too_large`. */
  readonly reason: string;
  /** One line for people: what is wrong and what was expected. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a refusal is answered: refuse(), or what counts it besides. */
export type Refuse = (ctx: Context, refusal: HttpRefusal) => void;

/**
 * Answers with a refusal: JSON `{error, reason, detail, …more}`, where `error` is the status in words.
 * httpApp() reads and discards the rest of the request's body.
 */
export function refuse(
  ctx: Context,
  refusal: HttpRefusal,
  more: Readonly<Record<string, unknown>> = {},
): void {
  ctx.status = refusal.status;
  ctx.set({ ...refusal.headers });
  ctx.body = {
    error: STATUS_CODES[refusal.status],
    reason: refusal.reason,
    detail: refusal.detail,
    ...more,
  };
}
