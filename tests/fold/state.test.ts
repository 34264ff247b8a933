/** What is kept of a ledger, and read back by another process. */
import fc from 'fast-check';
import { decodeEvent } from '../../events/codec';
import { isTelemetry } from '../../events/event';
import { compactEntity, timelineOf } from '../../services/fold/entity';
import { emptyLedger, takeLifecycle, takeSample, type Ledger } from '../../services/fold/ledger';
import {
  decodeEntity,
  decodeSample,
  decodeTombstone,
  encodeEntity,
  encodeSample,
  encodeTombstone,
} from '../../services/fold/state';
import { decodeFoldHead, encodeFoldHead, foldMismatch } from '../../services/view/fold-head';
import { historyArbitrary, linesOf, makeHistory, type History } from '../support/history';
import { depth } from '../support/depth';

function ledgerOf(history: History): Ledger {
  const ledger = emptyLedger({ ...history.settings, asOfMs: null });
  for (const line of linesOf(history)) {
    const decoded = decodeEvent(Buffer.from(line));
    if (!decoded.ok) continue;
    if (isTelemetry(decoded.event)) takeSample(ledger, decoded.event, null);
    else takeLifecycle(ledger, decoded.event, null);
  }
  return ledger;
}

test('entities come back as they were, with and without a prefix, and make the same timeline', () => {
  let prefixes = 0;
  for (let seed = 0; seed < 60; seed++) {
    const { entities, settings } = ledgerOf(makeHistory(seed, 80));
    for (const entity of entities.values()) {
      for (const one of [entity, compactEntity(entity, entity.newestMs - settings.latenessMs, 2)]) {
        prefixes += Number(one.prefix !== null);
        const text = encodeEntity(one);
        expect(encodeEntity(decodeEntity(text))).toBe(text);
        expect(timelineOf(decodeEntity(text))).toEqual(timelineOf(one));
        expect({ ...decodeEntity(text), prefix: null, facts: [] }).toEqual({
          ...one,
          prefix: null,
          facts: [],
        });
      }
    }
  }
  expect(prefixes).toBeGreaterThan(20);
});

test('samples and what settled entities leave behind come back as they were', () => {
  fc.assert(
    fc.property(historyArbitrary(80), (history) => {
      const { samples, tombstones } = ledgerOf(history);
      for (const sample of samples.values()) {
        expect(JSON.stringify(decodeSample(encodeSample(sample)))).toBe(JSON.stringify(sample));
      }
      for (const tombstone of tombstones.values())
        expect(decodeTombstone(encodeTombstone(tombstone))).toEqual(tombstone);
    }),
    { numRuns: depth(20, 200) },
  );
});

describe('the fold’s head', () => {
  const settings = { latenessMs: 1000, dedupeMs: 5000, sampleTtlMs: 600, asOfMs: null };
  const ledger = emptyLedger(settings);
  ledger.scalars.newestTakenMs = 7;
  const head = decodeFoldHead(encodeFoldHead(ledger));

  test('carries the scalars', () => {
    expect(head.scalars).toEqual(ledger.scalars);
  });

  test('a state that was folded otherwise is not gone on with', () => {
    expect(foldMismatch(head, settings)).toBeUndefined();
    // Samples are judged anew on each page.
    expect(foldMismatch(head, { ...settings, sampleTtlMs: 1 })).toBeUndefined();
    expect(foldMismatch(head, { ...settings, latenessMs: 2000 })).toContain('FLEETMETER_LATENESS_SECONDS=1');
    expect(foldMismatch(head, { ...settings, dedupeMs: 6000 })).toContain('FLEETMETER_DEDUPE_SECONDS=5');
    expect(foldMismatch({ ...head, version: 0 }, settings)).toContain('version 0');
    expect(foldMismatch({ ...head, families: 'others' }, settings)).toContain('other metric families');
  });
});
