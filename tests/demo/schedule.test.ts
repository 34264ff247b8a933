import fc from 'fast-check';
import { openSchedule } from '../../services/demo/schedule';

describe('the schedule', () => {
  test('gives acts in order of time, those of one time in the order in which they were planned', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (times) => {
        const schedule = openSchedule();
        const taken: [number, number][] = [];
        times.forEach((timeMs, turn) => schedule.plan(timeMs, () => taken.push([timeMs, turn])));
        for (let next = schedule.next(Infinity); next !== null; next = schedule.next(Infinity)) next.act();
        const expected = times.map((timeMs, turn): [number, number] => [timeMs, turn]);
        expect(taken).toEqual(expected.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
      }),
    );
  });

  test('keeps what lies past the end', () => {
    const schedule = openSchedule();
    schedule.plan(11, () => undefined);
    expect(schedule.next(10)).toBeNull();
    expect(schedule.next(11)?.timeMs).toBe(11);
    expect(schedule.next(Infinity)).toBeNull();
  });
});
