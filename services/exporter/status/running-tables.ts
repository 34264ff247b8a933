import { addressOf } from './asked';
import type { Asked } from './asked';
import { NOTHING, html } from './html';
import type { Markup } from './html';
import type { Running, RunningGroup, RunningJob } from './running';
import { table } from './table';
import type { Heading } from './table';
import { nameMarkup, timeMarkup } from './tables';
import { agoText, countText, nanoDollarsText, timeText } from './text';

/** As many rows as a person would read. */
const MAX_JOBS = 50;
const MAX_GROUPS = 12;

/** Fields to filter the page with, which need no script. */
export function filterForm({ filter }: Asked): Markup {
  const field = (name: 'project' | 'user' | 'backend', label: string): Markup =>
    html`<label>${label} <input name="${name}" value="${filter[name] ?? ''}" autocomplete="off" /></label>`;
  return html`<form class="filter" method="get" action="./" role="search" aria-label="Narrow the page">
    ${field('project', 'Project')}${field('user', 'User')}${field('backend', 'Backend')}
    <button>Show</button>
    ${Object.values(filter).some((value) => value !== undefined) ? html`<a href="./">All</a>` : NOTHING}
  </form>`;
}

export function orphansAlert({ orphans }: Running, nowMs: number): Markup {
  if (orphans.length === 0) return NOTHING;
  const rows = orphans
    .slice(0, MAX_JOBS)
    .map(
      (job) =>
        html`<li>
          ${jobLink(job)} of ${nameMarkup(job.project)}: its ${job.orphaned?.by ?? ''} ended
          ${timeMarkup(job.orphaned?.endMs ?? 0, agoText(job.orphaned?.endMs ?? 0, nowMs))}, and it costs
          ${nanoDollarsText(job.nanoDollarsPerHour)}/h on
        </li>`,
    );
  return html`<section class="trouble warn" role="alert">
    <h2>${countText(orphans.length)} orphaned ${orphans.length === 1 ? 'job' : 'jobs'}</h2>
    <p>
      What they belong to has ended, and nobody said that they have. Send a
      <code>fleetmeter.job.finished.v1</code> for each.
    </p>
    <ul>
      ${rows}
    </ul>
  </section>`;
}

export function runningTables(running: Running, { filter }: Asked, nowMs: number): Markup {
  const group = (title: string, name: 'user' | 'backend', groups: readonly RunningGroup[]): Markup =>
    groupTable(title, groups, (value) => addressOf({ ...filter, [name]: value }));
  return html`<section class="card">
      <h2>Top jobs by cost</h2>
      ${jobsTable(running.jobs, nowMs)}
    </section>
    <div class="cards">
      ${group('Running by user', 'user', running.byUser)}${group('Running by backend', 'backend', running.byBackend)}
    </div>`;
}

const JOB_HEADINGS: readonly Heading[] = [
  'Job',
  'Project',
  'User',
  'Backend',
  { numbers: 'GPUs' },
  'Status',
  { numbers: 'Since' },
  { numbers: 'Spends now' },
  { numbers: 'Cost so far' },
];

function jobsTable(jobs: readonly RunningJob[], nowMs: number): Markup {
  if (jobs.length === 0) return html`<p class="note">No job runs.</p>`;
  const rows = jobs.slice(0, MAX_JOBS).map(
    (job) =>
      html`<tr>
        <td>${jobLink(job)}</td>
        <td data-label="Project">${link(addressOf({ project: job.project }), job.project)}</td>
        <td data-label="User">${nameMarkup(job.user)}</td>
        <td data-label="Backend">${nameMarkup(job.backend)}</td>
        <td class="n" data-label="GPUs"><span>${gpusText(job)}</span></td>
        <td data-label="Status">
          <span>${job.status}${job.orphaned === undefined ? '' : ', orphaned'}</span>
        </td>
        <td class="n" data-label="Since">${timeMarkup(job.startMs, agoText(job.startMs, nowMs))}</td>
        <td class="n" data-label="Spends now"><span>${nanoDollarsText(job.nanoDollarsPerHour)}/h</span></td>
        <td class="n" data-label="Cost so far"><span>${nanoDollarsText(job.nanoDollars)}</span></td>
      </tr> `,
  );
  const more = jobs.length - rows.length;
  return html`${table(JOB_HEADINGS, rows, 'wide')}
  ${more > 0 ? html`<p class="note">${countText(more)} more jobs have cost less.</p>` : NOTHING}`;
}

function groupTable(
  title: string,
  groups: readonly RunningGroup[],
  address: (name: string) => string,
): Markup {
  const rows = groups.slice(0, MAX_GROUPS).map(
    ({ name, jobs, gpus, nanoDollarsPerHour }) =>
      html`<tr>
        <td>${link(address(name), name)}</td>
        <td class="n">${countText(jobs)}</td>
        <td class="n">${countText(gpus)}</td>
        <td class="n">${nanoDollarsText(nanoDollarsPerHour)}/h</td>
      </tr> `,
  );
  const more = groups.length - rows.length;
  return html`<section class="card">
    <h2>${title}</h2>
    ${table(['Name', { numbers: 'jobs' }, { numbers: 'GPUs' }, { numbers: 'spend now' }], rows)}
    ${more > 0 ? html`<p class="note">${countText(more)} more spend less.</p>` : NOTHING}
  </section>`;
}

function jobLink(job: RunningJob): Markup {
  const { runId: run, jobId } = job;
  return link(addressOf({ run, job: jobId }), job.jobName === '' ? job.runName : job.jobName);
}

function link(address: string, name: string): Markup {
  return html`<a href="${address}">${nameMarkup(name)}</a>`;
}

function gpusText({ gpuCount, gpuName }: RunningJob): string {
  return gpuCount === 0 ? 'none' : `${countText(gpuCount)} × ${gpuName === '' ? 'GPU' : gpuName}`;
}

/** The page of one job. */
export function jobCard(running: Running, asked: NonNullable<Asked['job']>, nowMs: number): Markup {
  const { runId, jobId } = asked;
  const job = running.jobs.find((one) => one.runId === runId && one.jobId === jobId);
  if (job === undefined) {
    return html`<section class="card">
      <h2>No such job runs now</h2>
      <p>
        Job <code>${jobId}</code> of run <code>${runId}</code> has ended, or was never provisioned.
        <code>fleetmeter cost --by run,job</code> says what ended jobs cost. <a href="./">The fleet</a>
      </p>
    </section>`;
  }
  const row = (name: string, value: Markup | string): Markup =>
    html`<div>
      <dt>${name}</dt>
      <dd>${value}</dd>
    </div>`;
  return html`<section class="card job">
    <h2>Job ${nameMarkup(job.jobName)}</h2>
    <dl>
      ${row('Project', link(addressOf({ project: job.project }), job.project))}
      ${row('User', link(addressOf({ user: job.user }), job.user))} ${row('Run', nameMarkup(job.runName))}
      ${row('Type', job.runType)} ${row('Status', job.status)}
      ${row('Submitted', timeMarkup(job.startMs, `${timeText(job.startMs)}, ${agoText(job.startMs, nowMs)}`))}
      ${row('Backend', nameMarkup(job.backend))} ${row('Instance', nameMarkup(job.instanceName))}
      ${row('GPUs', gpusText(job))}
      ${row('Spends now, its share of the instance', `${nanoDollarsText(job.nanoDollarsPerHour)}/h`)}
      ${row('Cost so far', nanoDollarsText(job.nanoDollars))} ${row('Run id', html`<code>${runId}</code>`)}
      ${row('Job id', html`<code>${jobId}</code>`)}
    </dl>
  </section>`;
}
