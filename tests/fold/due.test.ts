import fc from 'fast-check';
import { emptyDueQueue, popDue, pushDue } from '../../services/fold/due';

/** A push of a key that is due then, or a pop of all that is due by then. */
const step = fc.record({ push: fc.boolean(), atMs: fc.integer({ min: 0, max: 20 }) });

test('what is due comes out, all of it, the earliest first, whatever was pushed in between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = emptyDueQueue();
      let waiting: { key: string; dueMs: number }[] = [];
      steps.forEach(({ push, atMs }, index) => {
        if (push) {
          pushDue(queue, `k${index}`, atMs);
          waiting.push({ key: `k${index}`, dueMs: atMs });
          return;
        }
        const popped: string[] = [];
        for (let key = popDue(queue, atMs); key !== undefined; key = popDue(queue, atMs)) popped.push(key);
        const due = waiting.filter(({ dueMs }) => dueMs <= atMs);
        const dueOf = (key: string): number => due.find((one) => one.key === key)?.dueMs ?? NaN;
        expect(popped.toSorted()).toEqual(due.map(({ key }) => key).toSorted());
        expect(popped.map(dueOf)).toEqual(popped.map(dueOf).toSorted((a, b) => a - b));
        waiting = waiting.filter(({ dueMs }) => dueMs > atMs);
        expect(queue.dues).toHaveLength(waiting.length);
      });
    }),
  );
});
