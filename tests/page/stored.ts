import { END, ENTITY, HOLD, SAMPLE, SETTLED, SOURCE, TOTAL } from '../../services/view/entries';
import type { PartitionView } from '../../services/view/view';

export type Entry = readonly [key: string, value: string];

/** All that a partition has, as a store has it, with some of it held. */
export function entriesOf(view: PartitionView): Entry[] {
  const entries: Entry[] = [];
  for (const [key, entity] of view.entities)
    entries.push([key, (key.startsWith(ENTITY.prefix) ? ENTITY : SETTLED).encode(entity)]);
  for (const [key, end] of view.ends) entries.push([END.prefix + key, END.encode(end)]);
  for (const [key, sample] of view.samples) entries.push([SAMPLE.prefix + key, SAMPLE.encode(sample)]);
  for (const [key, timeMs] of view.sources) entries.push([SOURCE.prefix + key, SOURCE.encode(timeMs)]);
  for (const [key, { absorbed, family, labels }] of view.tally.series) {
    if (absorbed !== null) entries.push([TOTAL.prefix + key, TOTAL.encode(absorbed)]);
    const hold = { family: family.name, labels, shown: [10n ** 12n] };
    if (family.type === 'counter' && key.length % 3 === 0)
      entries.push([HOLD.prefix + key, HOLD.encode(hold)]);
  }
  return entries;
}
