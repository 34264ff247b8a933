import { formatTime } from '../../../events/time';
import { addressOf } from './asked';
import type { GpuSummary, ProjectSummary, Summary, Totals } from './summary';
import { NOTHING, html } from './html';
import type { Markup } from './html';
import { table } from './table';
import type { Heading } from './table';
import { agoText, countText, dollarsText, nanoDollarsText, shareText, timeText } from './text';

/** As many rows as a person would read; the figures above the tables cover all. */
const MAX_ROWS = 100;

const PROJECT_HEADINGS: readonly Heading[] = [
  'Project',
  { numbers: 'Spends now' },
  { numbers: 'Cost so far' },
  { numbers: 'Idle share' },
  { numbers: "Jobs' cost" },
  { numbers: "Volumes' cost" },
  { numbers: 'GPUs in jobs' },
  'Instances',
  'Runs',
  'Jobs',
];

export function projectsTable({ total, projects }: Summary): Markup {
  const all = html`<tr class="all">
    <td><span class="name">All projects</span></td>
    ${totalsCells(total)}
  </tr>`;
  const rows = [...(projects.length > 1 ? [all] : []), ...projects.slice(0, MAX_ROWS).map(projectRow)];
  return html`<section class="card">
    <h2>Projects</h2>
    ${table(PROJECT_HEADINGS, rows, 'wide')} ${moreNote(projects.length, 'projects that spend less')}
  </section>`;
}

function projectRow(project: ProjectSummary): Markup {
  return html`<tr>
    <td><a href="${addressOf({ project: project.project })}">${nameMarkup(project.project)}</a></td>
    ${totalsCells(project)}
  </tr> `;
}

function totalsCells(totals: Totals): Markup {
  const {
    nanoDollarsPerHour,
    fleetNanoDollars,
    idleNanoDollars,
    usageNanoDollars,
    storageNanoDollars,
    gpus,
    gpusInJobs,
    counts,
  } = totals;
  return html`<td class="n" data-label="Spends now"><span>${nanoDollarsText(nanoDollarsPerHour)}/h</span></td>
    <td class="n" data-label="Cost so far"><span>${nanoDollarsText(fleetNanoDollars)}</span></td>
    <td class="n" data-label="Idle share"><span>${shareText(idleNanoDollars, fleetNanoDollars)}</span></td>
    <td class="n" data-label="Jobs' cost"><span>${nanoDollarsText(usageNanoDollars)}</span></td>
    <td class="n" data-label="Volumes' cost"><span>${nanoDollarsText(storageNanoDollars)}</span></td>
    <td class="n" data-label="GPUs in jobs"><span>${gpusMarkup(gpus, gpusInJobs)}</span></td>
    <td data-label="Instances">${countsMarkup(counts.instance)}</td>
    <td data-label="Runs">${countsMarkup(counts.run)}</td>
    <td data-label="Jobs">${countsMarkup(counts.job)}</td>`;
}

/** How many are in each status; statuses that nothing is in are left out. */
function countsMarkup(counts: ReadonlyMap<string, number>): Markup {
  const present = [...counts].filter(([, count]) => count !== 0);
  if (present.length === 0) return html`<span class="none">none</span>`;
  const items = present.map(
    ([status, count]) => html`<li class="${status}"><b>${countText(count)}</b> ${status}</li>`,
  );
  return html`<ul class="counts">
    ${items}
  </ul>`;
}

export function gpusTable({ gpus }: Summary): Markup {
  const rows = gpus.slice(0, MAX_ROWS).map(
    (model) =>
      html`<tr>
        <td>${nameMarkup(model.name)}</td>
        <td class="n">${gpusMarkup(model.gpus, model.gpusInJobs)}</td>
        <td class="n">${countText(idleGpus(model))}</td>
      </tr> `,
  );
  return html`<section class="card">
    <h2>GPUs</h2>
    ${table(['Model', { numbers: 'in jobs' }, { numbers: 'idle' }], rows)}
    ${rows.length === 0 ? html`<p class="note">No instance or job has one.</p>` : moreNote(gpus.length, 'models')}
  </section>`;
}

/** There may be jobs whose instances are not known. */
export function idleGpus({ gpus, gpusInJobs }: Pick<GpuSummary, 'gpus' | 'gpusInJobs'>): number {
  return Math.max(0, gpus - gpusInJobs);
}

function gpusMarkup(gpus: number, gpusInJobs: number): Markup {
  if (gpus === 0 && gpusInJobs === 0) return html`<span class="none">none</span>`;
  return html`${countText(gpusInJobs)} of ${countText(gpus)}${barMarkup(gpusInJobs, gpus)}`;
}

/** An image, since the policy allows no width set by style. */
export function barMarkup(part: number, whole: number): Markup {
  const percent = whole === 0 ? 100 : Math.min(100, (100 * part) / whole);
  return html`<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
    <rect width="${percent.toFixed(1)}" height="1" />
  </svg>`;
}

export function sourcesTable({ sources }: Summary, nowMs: number): Markup {
  const rows = sources.slice(0, MAX_ROWS).map(
    ({ source, newestMs }) =>
      html`<tr>
        <td>${nameMarkup(source)}</td>
        <td class="n">${timeMarkup(newestMs, agoText(newestMs, nowMs))}</td>
      </tr> `,
  );
  return html`<section class="card">
    <h2>Newest event of each source</h2>
    ${table(['Source', { numbers: 'Newest event' }], rows)}
    ${moreNote(sources.length, 'sources whose newest event is older')}
  </section>`;
}

export function heldTable({ held }: Summary): Markup {
  const rows = held.map(
    ({ family, value }) =>
      html`<tr>
        <td>${familyMarkup(family)}</td>
        <td class="n">${amountText(family, value)}</td>
      </tr> `,
  );
  const counters = html`${table(['Counter', { numbers: 'above the ledger' }], rows)}
    <p class="note">
      They were shown higher than what is known now, as where a finish is learned late. They stand still until
      the ledger has caught up.
    </p>`;
  return html`<section class="card">
    <h2>Held counters</h2>
    <p class="note">
      A counter must not fall, though the ledger can: it is held at what was shown until the ledger is past it
      again.
    </p>
    ${held.length === 0 ? html`<p class="note">None: every counter shows the ledger.</p>` : counters}
  </section>`;
}

/** A long name, best broken between its words. */
function familyMarkup(family: string): Markup {
  return html`${family.split('_').map((word, i) => (i === 0 ? html`${word}` : html`_<wbr />${word}`))}`;
}

function amountText(family: string, value: number): string {
  if (family.includes('_dollars')) return dollarsText(value);
  return /_seconds(?:_sum|_total)?$/.test(family) ? `${countText(value)} s` : countText(value);
}

/** A moment, described by another text; its own time shows when the pointer rests on it. */
export function timeMarkup(timeMs: number, text: string): Markup {
  return html`<time datetime="${formatTime(timeMs)}" title="${timeText(timeMs)}">${text}</time>`;
}

/**
 * A user's text: isolated, whatever direction it is written in, and truncated if it would push everything
 * else away.
 */
export function nameMarkup(name: string): Markup {
  if (name.trim() === '') return html`<span class="nameless">(no name)</span>`;
  return html`<bdi class="name" title="${name}">${name}</bdi>`;
}

function moreNote(count: number, what: string): Markup {
  if (count <= MAX_ROWS) return NOTHING;
  return html`<p class="note">${countText(count - MAX_ROWS)} more ${what} are not listed.</p>`;
}
