/**
 * A running store whose state was folded by a version with other sum families: the partition says so, and is
 * rebuilt.
 */
import { randomUUID } from 'node:crypto';
import { decodeFoldHead } from '../../services/view/fold-head';
import { replay } from '../../services/replay/replay';
import { TOTAL } from '../../services/view/entries';
import { until } from '../log/until';
import { DEFAULT_SETTINGS } from '../support/history';
import { runSubmitted } from '../support/told';
import { PARTITIONS, openWorld, type World } from './world';

jest.setTimeout(60_000);

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const RUNS = 'dstack_run_count_total{dstack_project_name="p",dstack_user_name="u"}';

async function runsShown(count: number): Promise<void> {
  await until(`${count} runs are shown`, async () => (await world.page())?.get(RUNS) === count);
}

/** As a version would have left it that calls a family otherwise. */
async function makeAnotherVersions(): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const acquired = await world.store.acquire(partition);
    if (acquired.kind !== 'acquired' || acquired.head === null) throw new Error('there is no state');
    const { generation, epoch, counter: fromCounter, head } = acquired;
    const { families: _, ...fold } = decodeFoldHead(head.fold);
    const key = `${TOTAL.prefix}fleetmeter_called_otherwise_total ["p"]`;
    const commit = { generation, partition, epoch, fromCounter, batchId: randomUUID() };
    const answer = await world.store.commit({
      ...commit,
      changes: [{ space: 'shown', key, value: '5' }],
      head: { ...head, fold: JSON.stringify({ ...fold, families: 'others' }) },
    });
    expect(answer).toEqual({ kind: 'applied' });
  }
}

function alarms(): number[] {
  return world.said.flatMap((line) => {
    const { level, partition, msg } = JSON.parse(line) as { level: number; partition: number; msg: string };
    const tells = /folded for other metric families.*Run: fleetmeter replay$/.test(msg);
    return level >= 50 && tells ? [partition] : [];
  });
}

test('each partition tells the operator, no page is made of it, and a replay mends it', async () => {
  const first = await world.start();
  const runs = Array.from({ length: 20 }, (_, index) => ({
    ...runSubmitted(`run-${index}`),
    atMs: Date.now(),
  }));
  await world.send(...runs);
  await runsShown(20);
  await first.close();
  await makeAnotherVersions();

  await world.start();
  await until('all of them say so', () => alarms().length === PARTITIONS);
  expect(await world.refusal()).toMatch(
    /^the state of partition \d can't be shown: it was folded for other metric families: .+ Run: fleetmeter replay$/,
  );

  const idle = () => undefined;
  await replay({
    log: world.log,
    store: world.store,
    settings: { ...DEFAULT_SETTINGS, asOfMs: null },
    allowDecrease: false,
    rollback: false,
    ...{ onTotal: idle, onFolded: idle, onStep: idle, onChanges: idle },
  });
  await runsShown(20);
  await world.send({ ...runSubmitted('after'), atMs: Date.now() });
  await runsShown(21);
});
