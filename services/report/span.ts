import type { Column } from './column';

/**
 * A part of the time that a report covers: its cost is the ledger as of its end minus that as of its start.
 */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The spans of a report from one moment to another: UTC days or months if it is broken down by them,
 * otherwise one span.
 */
export function spansOf(fromMs: number, toMs: number, columns: readonly Column[]): Span[] {
  const nextMs = columns.includes('day') ? nextDay : columns.includes('month') ? nextMonth : () => toMs;
  const spans: Span[] = [];
  for (let startMs = fromMs; startMs < toMs;) {
    const endMs = Math.min(toMs, nextMs(startMs));
    spans.push({ fromMs: startMs, toMs: endMs });
    startMs = endMs;
  }
  return spans;
}

export function dayText({ fromMs }: Span): string {
  return new Date(fromMs).toISOString().slice(0, 10);
}

export function monthText({ fromMs }: Span): string {
  return new Date(fromMs).toISOString().slice(0, 7);
}

export function monthStart(timeMs: number): number {
  const time = new Date(timeMs);
  return Date.UTC(time.getUTCFullYear(), time.getUTCMonth());
}

export function nextMonth(timeMs: number): number {
  const time = new Date(timeMs);
  return Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + 1);
}

function nextDay(timeMs: number): number {
  const time = new Date(timeMs);
  return Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate() + 1);
}
