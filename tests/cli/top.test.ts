import { topScreen, topTable } from '../../services/cli/top-table';
import { runCommand } from '../support/server';

const JOB = (id: string, more = '') =>
  `{dstack_project_name="p",dstack_user_name="u",dstack_run_name="tra\\"in",dstack_job_id="${id}",dstack_backend="aws",dstack_gpu="H100"${more}}`;
const PAGE = `# HELP fleetmeter_jobs x
fleetmeter_page_timestamp_seconds 1795507200
fleetmeter_jobs{dstack_project_name="p",status="running"} 2
fleetmeter_jobs{dstack_project_name="q",status="running"} 1
fleetmeter_jobs{dstack_project_name="q",status="pulling"} 0
dstack_instance_price_dollars_per_hour{dstack_instance_id="i"} 98.32
dstack_instance_gpu_count{dstack_instance_id="i"} 8
dstack_job_gpu_count${JOB('a')} 2
dstack_job_gpu_count${JOB('b')} 4
dstack_job_price_dollars_per_hour${JOB('b')} 98.32
dstack_job_duration_seconds_total${JOB('b')} 3725.5
dstack_job_gpu_usage_ratio${JOB('b', ',dstack_gpu_num="0"')} 0.5
dstack_job_gpu_usage_ratio${JOB('b', ',dstack_gpu_num="1"')} 1
fleetmeter_job_cost_dollars_total${JOB('a')} 1.5
fleetmeter_job_cost_dollars_total${JOB('b')} 101.25
`;

test('the fleet in two lines, and its jobs, those that have cost most first', () => {
  expect(topTable(PAGE, 1).split('\n')).toEqual([
    '2026-11-24T08:00:00.000Z  $98.32 an hour, 6 of 8 GPUs in jobs',
    'instances: none   jobs: 3 running',
    '',
    'cost $  $/h    GPUs  use   age   GPU   backend  project  user  run',
    '101.25  98.32  4     75 %  1:02  H100  aws      p        u     tra\\"in',
    'and 1 more',
    '',
  ]);
});

test('on a terminal it is no longer and no wider than that', () => {
  const jobs = Array.from({ length: 50 }, (_, i) => `fleetmeter_job_cost_dollars_total${JOB(`j${i}`)} ${i}`);
  const screen = topScreen(PAGE + jobs.join('\n'), 20, { rows: 16, columns: 40 });
  const lines = screen.split('\n');
  expect(lines).toHaveLength(16);
  expect(Math.max(...lines.map((line) => line.length))).toBe(40);
  expect(lines[0]).toMatch(/^2026-11-24/);
  expect(lines.slice(-4)).toEqual(['and 44 more', '', 'Ctrl-C ends it', '']);
});

test('where no server answers: 3, and what to do; a wrong option: 2', async () => {
  const away = await runCommand(['top', '--url', 'http://127.0.0.1:1']);
  expect([away.code, away.stdout, away.stderr]).toEqual([
    3,
    '',
    expect.stringMatching(/^no server answers at .*--url\n$/),
  ]);
  const wrong = await runCommand(['top', '--interval', '1ms']);
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringMatching(/^--interval: 1ms, expected a duration.*\n$/),
  ]);
}, 60_000);
