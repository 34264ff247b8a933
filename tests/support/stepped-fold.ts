/**
 * Folds records as an owner of partitions does, with what happens to one in between: it compacts and settles
 * early or late, hands the partition over to another owner who knows only what was stored. None of that may
 * show on a page.
 */
import { decodeEvent } from '../../events/codec';
import { isTelemetry, type FleetEvent } from '../../events/event';
import { partitionOf, routeOf } from '../../events/routing';
import { compactEntity } from '../../services/fold/entity';
import {
  drain,
  emptyLedger,
  scheduleAll,
  takeLifecycle,
  takeSample,
  type Ledger,
  type Touched,
} from '../../services/fold/ledger';
import { compactTouched, expireSamples } from '../../services/fold/release';
import { decodeFoldHead, encodeFoldHead } from '../../services/view/fold-head';
import {
  TOTAL,
  entryChange,
  loadEntries,
  touchedEntries,
  type EntryChange,
} from '../../services/view/entries';
import type { PartitionView } from '../../services/view/view';
import type { Space } from '../../services/store/port';
import { absorb, openView, syncView } from '../../services/view/sync';
import { type LogPlace } from '../oracle/index';
import { type Folded } from './folded';
import { openRandom, type Random } from './history-random';
import { type Settings } from './history-world';

export interface Stepping {
  readonly seed: number;
  readonly settings: Settings;
  /**
   * Page time of each partition at the end; nothing is settled for a later page than the earliest of them.
   */
  readonly pageTimes: readonly number[];
  /** The live log; without, the lines are those of a file. */
  readonly places?: readonly LogPlace[];
  /** Compact each entity at each step, from this many facts on. */
  readonly compactFrom?: number;
  readonly settleChance: number;
  /** Of a settling: that the partition goes to another owner. */
  readonly handOverChance: number;
}

interface Part {
  ledger: Ledger;
  view: PartitionView;
  /** No page is asked for before it. */
  floorMs: number;
}

export function foldInSteps(
  lines: readonly string[],
  stepping: Stepping,
): Folded & { readonly handOvers: number } {
  const { settings, pageTimes } = stepping;
  const random = openRandom(stepping.seed);
  const lastFloorMs = Math.min(...pageTimes);
  const dead: { line: number; reason: string }[] = [];
  const parts = pageTimes.map(() => openPart(emptyLedger({ ...settings, asOfMs: null })));
  let handOvers = 0;
  lines.forEach((text, line) => {
    const place = stepping.places?.[line];
    if (place === undefined && text.trim() === '') return;
    const decoded = decodeEvent(Buffer.from(text));
    if (!decoded.ok) {
      dead.push({ line, reason: decoded.refusal.reason });
      return;
    }
    const number = partitionOf(routeOf(decoded.event).key, settings.partitions);
    const part = parts[number];
    if (part === undefined) throw new Error(`no partition ${number}`);
    if (place !== undefined && place.partition !== number) return;
    const reason = takeEvent(part.ledger, decoded.event, place?.appendTimeMs ?? null);
    if (reason !== undefined) dead.push({ line, reason });
    const { logTimeMs } = part.ledger.scalars;
    const aboutMs = (logTimeMs ?? 0) + random.integer(-settings.latenessMs, 5000);
    if (stepping.compactFrom !== undefined)
      compactAll(part, Math.min(part.floorMs, lastFloorMs), stepping.compactFrom);
    if (!random.chance(stepping.settleChance)) return;
    part.floorMs = Math.max(part.floorMs, Math.min(aboutMs, lastFloorMs));
    settle(part);
    if (!random.chance(stepping.handOverChance)) return;
    handOver(part, random);
    handOvers++;
  });
  const views = parts.map((part, number) => {
    bringOver(part);
    part.view.pageTimeMs = pageTimes[number] ?? 0;
    return part.view;
  });
  return { views, atMs: lastFloorMs, sampleTtlMs: settings.sampleTtlMs, dead, handOvers };
}

function openPart(ledger: Ledger): Part {
  return { ledger, view: openView(ledger), floorMs: -Infinity };
}

function takeEvent(ledger: Ledger, event: FleetEvent, appendTimeMs: number | null): string | undefined {
  const verdict = isTelemetry(event)
    ? takeSample(ledger, event, appendTimeMs)
    : takeLifecycle(ledger, event, appendTimeMs);
  return verdict.kind === 'refused' ? verdict.reason : undefined;
}

function compactAll({ ledger }: Part, floorMs: number, fromCount: number): void {
  for (const [key, entity] of ledger.entities) {
    const cutMs = Math.min(entity.newestMs - ledger.settings.latenessMs, floorMs);
    ledger.entities.set(key, compactEntity(entity, cutMs, fromCount));
  }
}

function settle(part: Part): void {
  compactTouched(part.ledger, part.floorMs);
  expireSamples(part.ledger, part.floorMs);
  bringOver(part);
  absorb(part.view, part.ledger, part.floorMs);
  drain(part.ledger);
}

function bringOver({ view, ledger }: Part): void {
  syncView(view, ledger);
  drain(ledger);
}

/**
 * Writes all that is kept, and opens it anew; a store gives entries back in no order, and texts by way of
 * UTF-8.
 */
function handOver(part: Part, random: Random): void {
  const { ledger, view } = part;
  const stored: { space: Space; key: string; value: string }[] = [];
  const add = ({ space, key, text }: EntryChange): void =>
    void stored.push({ space, key: Buffer.from(key).toString(), value: text() ?? '' });
  for (const change of touchedEntries(ledger, everything(ledger))) add(change);
  for (const [key, { absorbed }] of view.tally.series)
    if (absorbed !== null) add(entryChange(TOTAL, key, () => absorbed));
  const next = emptyLedger(ledger.settings);
  Object.assign(next.scalars, decodeFoldHead(encodeFoldHead(ledger)).scalars);
  part.ledger = next;
  part.view = openView(next);
  for (const { space, ...entry } of random.shuffle(stored)) loadEntries(next, part.view, space, [entry]);
  scheduleAll(next);
}

function everything({ entities, settled, tombstones, ends, samples, sources }: Ledger): Touched {
  return {
    entities: new Map(Array.from(entities.keys(), (key) => [key, undefined])),
    settled: new Set(settled.keys()),
    tombstones: new Set(tombstones.keys()),
    ends: new Set(ends.byKey.keys()),
    samples: new Set(samples.keys()),
    sources: new Set(sources.keys()),
  };
}
