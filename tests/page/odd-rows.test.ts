/** Alike series of different bearers: their exporters speak in labels that are the other kind's. */
import { encodeEvent } from '../../events/codec';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';
import { RESOURCES, instanceStarted, jobProvisioned, jobSubmitted, tell, type Told } from '../support/told';

const T0 = Date.UTC(2026, 10, 24, 8);

const OF_JOB = {
  dstack_user_name: 'u',
  dstack_run_name: 'name of r',
  dstack_run_id: 'r',
  dstack_job_name: 'name of j',
  dstack_job_id: 'j',
  dstack_job_num: '0',
  dstack_replica_num: '0',
  dstack_run_type: 'task',
};
const OF_INSTANCE = { dstack_instance_name: 'name of i', dstack_instance_id: 'i' };

function at(seconds: number, told: Pick<Told, 'type' | 'data'>): Told {
  return { ...told, atMs: T0 + seconds * 1000 };
}

function sample(target: object, exporter: string, labels: object, x: number): Told {
  const series = [{ labels: { ...labels, n: '1' }, values: { x } }];
  return at(2, { type: 'gpu.sampled', data: { ...target, exporter, families: {}, series } });
}

test.each([
  ['a', 'b', ['1']],
  ['b', 'a', ['2']],
])(
  'of a job by exporter %s and an instance by %s, the exporter first by name is shown',
  (ofJob, ofInstance, shown) => {
    const instance = { id: 'i', name: 'name of i', backend: 'aws' };
    const told = [
      at(0, instanceStarted('i', { instance, resources: RESOURCES })),
      at(0, jobSubmitted('j')),
      at(1, jobProvisioned('j', { id: 'other' })),
      sample({ run: { id: 'r' }, job: { id: 'j' } }, ofJob, OF_INSTANCE, 1),
      sample({ instance: { id: 'i' } }, ofInstance, OF_JOB, 2),
    ];
    const lines = pageOf(
      foldLines(
        told.map((each) => encodeEvent(tell(each))),
        DEFAULT_SETTINGS,
      ),
    ).split('\n');
    expect(lines.filter((line) => line.startsWith('x{')).map((line) => line.split(' ').at(-1))).toEqual(
      shown,
    );
  },
);
