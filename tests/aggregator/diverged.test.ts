/**
 * A state whose mark is not of the log's record at that place: the head says so, and readers are kept away
 * until it fits again.
 */
import { decodeFoldHead } from '../../services/view/fold-head';
import { until } from '../log/until';
import { runSubmitted, type Told } from '../support/told';
import { PARTITIONS, openWorld, type World } from './world';

jest.setTimeout(60_000);

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const RUNS = 'dstack_run_count_total{dstack_project_name="p",dstack_user_name="u"}';

function runs(count: number, name: string): Told[] {
  return Array.from({ length: count }, (_, index) => ({
    ...runSubmitted(`${name}-${index}`),
    atMs: Date.now(),
  }));
}
async function runsShown(count: number): Promise<void> {
  await until(`${count} runs are shown`, async () => (await world.page())?.get(RUNS) === count);
}

/** Of which partitions the operator was told, in order. */
function alarms(): number[] {
  return world.said.flatMap((line) => {
    const { level, partition, msg } = JSON.parse(line) as { level: number; partition: number; msg: string };
    return level >= 50 && msg.endsWith('Run: fleetmeter replay') ? [partition] : [];
  });
}

/** Commits over what is there with another mark, as if another record had been folded. */
async function remark(edit: (hash: string) => string): Promise<number[]> {
  const marked: number[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const acquired = await world.store.acquire(partition);
    if (acquired.kind !== 'acquired' || acquired.head === null) throw new Error('there is no state');
    const { generation, epoch, counter: fromCounter, head } = acquired;
    const fold = decodeFoldHead(head.fold);
    const { lifecycle } = fold.marks;
    if (lifecycle === undefined) continue;
    const marks = { ...fold.marks, lifecycle: { ...lifecycle, hash: edit(lifecycle.hash) } };
    const commit = { generation, partition, epoch, fromCounter, batchId: `remark ${partition}`, changes: [] };
    const answer = await world.store.commit({
      ...commit,
      head: { ...head, fold: JSON.stringify({ ...fold, marks }) },
    });
    expect(answer).toEqual({ kind: 'applied' });
    marked.push(partition);
  }
  return marked;
}

test('another record at the mark', async () => {
  const first = await world.start();
  await world.send(...runs(40, 'first'));
  await runsShown(40);
  await first.close();
  const marked = await remark((hash) => `not ${hash}`);
  expect(marked.length).toBeGreaterThan(1);

  const second = await world.start();
  await until('all of them say so', async () => {
    const answers = await world.store.changesSince(Array.from({ length: PARTITIONS }, () => null));
    return marked.every((partition) => {
      const answer = answers[partition];
      return (
        answer?.kind === 'delta' &&
        decodeFoldHead(answer.head.fold).marks.diverged?.includes('is not the one') === true
      );
    });
  });
  expect(await world.refusal()).toMatch(
    /^partition \d+ is diverged: the record at \d+ is not the one that was folded\. Run: /,
  );
  const positions = world.applied.length;
  await world.send(...runs(40, 'second'));
  let tries = 0;
  world.between.acquire = () => {
    tries++;
    return null;
  };
  await until('each was tried again', () => tries > 2 * marked.length);
  expect(alarms().sort()).toEqual(marked);
  expect(
    world.applied
      .slice(positions)
      .some(({ changes }) => changes.some(({ value }) => value?.includes('second') === true)),
  ).toBe(false);
  expect(await world.refusal()).toContain('diverged');
  await second.close();

  await remark((hash) => hash.replace(/^not /, ''));
  await world.start();
  await runsShown(80);
});
