import fc from 'fast-check';
import { SUM_FAMILIES } from '../../services/catalogue/families';
import { seriesKey } from '../../services/catalogue/tally';
import { parseSeriesKey } from '../../services/view/entries';

const label = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(' ', '"', '\\', 'u', 'd', '8', ',', '\ud800', '\udfff', '\ufffd') }),
);
const names = [...SUM_FAMILIES.keys()];

test('a series’ key says its family and labels, and survives a store', () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.array(label, { maxLength: 4 }), (name, labels) => {
      const key = seriesKey(name, labels);
      const shown = labels.map((text) => Buffer.from(text).toString());
      expect(parseSeriesKey(key)).toEqual({ family: SUM_FAMILIES.get(name), labels: shown });
      expect(Buffer.from(key).toString()).toBe(key);
      expect(seriesKey(name, shown)).toBe(key);
    }),
    { numRuns: 2000 },
  );
});
