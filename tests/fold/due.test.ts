import fc from 'fast-check';
import { emptyDueQueue, popDue, pushDue } from '../../services/fold/due';

/** A push of a key that is due then, or a pop of all that is due by then. */
const step = fc.record({ push: fc.boolean(), atMs: fc.integer({ min: 0, max: 20 }) });

test('what is due comes out, all of it, the earliest first, then by key, whatever was pushed in between', () => {
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
        due.sort((a, b) => a.dueMs - b.dueMs || (a.key < b.key ? -1 : 1));
        expect(popped).toEqual(due.map(({ key }) => key));
        waiting = waiting.filter(({ dueMs }) => dueMs > atMs);
        expect(queue.dues).toHaveLength(waiting.length);
      });
    }),
  );
});
