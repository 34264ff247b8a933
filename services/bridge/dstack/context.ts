import { idOf, compareFacts } from '../fact';
import type { Fact, Micros } from '../fact';
import { applyNote } from './apply';
import type { JobIndex, Noted } from './apply';
import type { Book } from './book';
import type { DstackClient } from './client';
import type { Reading } from './learn';

export type Subject = 'run' | 'job' | 'instance';

/** What was noticed while a piece was read, for the metrics. */
export interface Noticed {
  unknownMessages: number;
  /** Events about things of which dstack no longer has a row. */
  unmatched: number;
  /** Facts that no event has told, by what they are about. */
  readonly vouched: Record<Subject, number>;
  /** How late those may be, in total. */
  vouchedLateMicros: number;
}

/** One piece of reading: the book that it writes in, and the facts that it has found. */
export interface Context {
  readonly client: DstackClient;
  readonly book: Book;
  readonly facts: Fact[];
  readonly noticed: Noticed;
  /** dstack's clock. */
  readonly nowMicros: () => Micros;
}

export function openContext(client: DstackClient, book: Book, nowMicros: () => Micros): Context {
  const noticed = {
    unknownMessages: 0,
    unmatched: 0,
    vouched: { run: 0, job: 0, instance: 0 },
    vouchedLateMicros: 0,
  };
  return { client, book, facts: [], noticed, nowMicros };
}

export function readingOf({ noticed }: Context, readMicros: Micros, isComplete: boolean): Reading {
  return {
    readMicros,
    isComplete,
    onVouched(subject, lateMicros) {
      noticed.vouched[subject]++;
      noticed.vouchedLateMicros += Math.max(0, lateMicros);
    },
  };
}

export function applyNotes({ book, facts }: Context, jobs: JobIndex, notes: readonly Noted[]): void {
  for (const note of notes) facts.push(...applyNote(book, jobs, note));
}

/** In order, each once: an event about a job and its instance may have been read with either. */
export function factsOf({ facts }: Context): Fact[] {
  return [...new Map(facts.map((fact) => [idOf(fact), fact])).values()].sort(compareFacts);
}
