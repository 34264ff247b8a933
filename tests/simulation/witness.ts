import type { Version } from '../../services/store/port';
import { isOurCounter } from '../partition/pages';
import type { Scraped } from './replica';

/** What all replicas together have shown so far, and what of it they may not. */
export interface Witness {
  /** A scrape begins; what it answers is told to what is answered here. */
  begin(): (scraped: Scraped, replica: string) => void;
  readonly failures: readonly string[];
  readonly pages: number;
}

/** A scraper that asks one replica after the other, and remembers the highest of each counter. */
export interface Scraper {
  saw(body: string): string[];
}

/**
 * `hadWrongClock`: epochs are the store's clock, and tell of two takeovers which is later only while it is
 * right.
 */
export function openWitness(hadWrongClock: () => boolean): Witness {
  const failures: string[] = [];
  /** By versions: the page of it, from whichever replica. */
  const bodies = new Map<string, { readonly body: string; readonly etag: string }>();
  let newest: readonly Version[] = [];
  let pages = 0;
  return {
    failures,
    get pages() {
      return pages;
    },
    begin() {
      const floor = newest;
      return ({ page, body, versions }, replica) => {
        if (page.kind !== 'page' || body === undefined) return;
        pages++;
        for (const [partition, version] of versions.entries()) {
          const before = floor[partition];
          if (before === undefined || !isOlder(version, before)) continue;
          if (version.epoch !== before.epoch && hadWrongClock()) continue;
          failures.push(
            `${replica} shows ${nameOf(version)} of ${partition}, older than ${nameOf(before)} that was shown before`,
          );
        }
        newest = versions.map((version, partition) => {
          const before = newest[partition];
          return before === undefined || isOlder(before, version) ? version : before;
        });
        const key = versions.map(nameOf).join();
        const known = bodies.get(key);
        if (known === undefined) bodies.set(key, { body, etag: page.etag });
        else if (known.body !== body || known.etag !== page.etag)
          failures.push(`${replica} shows ${key} otherwise than before`);
      };
    },
  };
}

function isOlder(a: Version, b: Version): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.counter < b.counter);
}

function nameOf({ epoch, counter }: Version): string {
  return `${epoch}/${counter}`;
}

export function openScraper(): Scraper {
  const seen = new Map<string, number>();
  return {
    saw(body) {
      const fallen: string[] = [];
      for (const [key, value] of countersOf(body)) {
        const before = seen.get(key);
        if (before !== undefined && value < before) fallen.push(`${key} fell: ${before}, then ${value}`);
        else seen.set(key, value);
      }
      return fallen;
    },
  };
}

const counterNames = new Map<string, boolean>();

/** The lines of our counters, quickly: that the page is one, other tests see to. */
function* countersOf(body: string): Generator<readonly [string, number]> {
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\n', at);
    const line = body.slice(at, end);
    at = end + 1;
    const brace = line.indexOf('{');
    if (brace === -1 || line.startsWith('#')) continue;
    const name = line.slice(0, brace);
    let isCounter = counterNames.get(name);
    if (isCounter === undefined) counterNames.set(name, (isCounter = isOurCounter(`${name}{`)));
    const gap = line.lastIndexOf(' ');
    if (isCounter) yield [line.slice(0, gap), Number(line.slice(gap + 1))];
  }
}
