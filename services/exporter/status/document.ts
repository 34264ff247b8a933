import type { Summary } from './summary';
import { NOTHING, html } from './html';
import type { Markup } from './html';
import { STYLE_ELEMENT } from './style';
import { WHOLE_FLEET } from './asked';
import type { Asked } from './asked';
import { pipelineCard } from './pipeline';
import type { Pipeline } from './pipeline';
import { filterForm, jobCard, orphansAlert, runningTables } from './running-tables';
import {
  barMarkup,
  gpusTable,
  heldTable,
  idleGpus,
  nameMarkup,
  projectsTable,
  sourcesTable,
  timeMarkup,
} from './tables';
import { agoText, countText, nanoDollarsText, shareText, spanText, timeText } from './text';

/** What the status page shows: the page's summary, or why there is no page now. */
export type Status =
  | { readonly kind: 'ready'; readonly summary: Summary; readonly pipeline?: Pipeline }
  | { readonly kind: 'unavailable'; readonly reason: string };

const REFRESH_SECONDS = 10;
/** Partitions commit their page time at least once a second; the rest is for clocks that differ. */
const BEHIND_MS = 10_000;

/** The whole HTML document, self-contained; ages are counted from `nowMs`. */
export function writeDocument(status: Status, nowMs: number, asked: Asked = WHOLE_FLEET): string {
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <noscript><meta http-equiv="refresh" content="${String(REFRESH_SECONDS)}" /></noscript>
        <title>fleetmeter</title>
        <link rel="stylesheet" href="status/uplot.css" />
        ${STYLE_ELEMENT}
        <script src="status/uplot.js" defer></script>
        <script src="status/app.js" defer></script>
      </head>
      <body>
        <div id="live">${liveMarkup(status, nowMs, asked)}</div>
        ${CHARTS}
        <footer>
          <a href="metrics">/metrics</a><a href="metrics/process">/metrics/process</a
          ><a href="v1/sd">/v1/sd</a><a href="-/ready">/-/ready</a>
          <span>Opened ${timeText(nowMs)}; shown anew as it changes</span>
        </footer>
      </body>
    </html> `;
  return markup;
}

/** Drawn by the script, where the page has a place for it. */
const CHARTS = html`<div id="charts" class="cards" hidden>
  <section class="card">
    <h2>Cost rate since this process started, dollars an hour</h2>
    <div id="chart-cost" role="img" aria-label="Chart of the cost rate; the tiles say what it is now"></div>
  </section>
  <section class="card">
    <h2>GPUs since this process started: all, in jobs, in use</h2>
    <div id="chart-gpus" role="img" aria-label="Chart of GPUs; the tiles say how many there are now"></div>
  </section>
</div>`;

/** The part that is sent again as it changes. */
export function liveMarkup(status: Status, nowMs: number, asked: Asked): Markup {
  return status.kind === 'ready' ? readyBody(status, nowMs, asked) : unavailableBody(status.reason);
}

function unavailableBody(reason: string): Markup {
  return html`<header>
      <h1>fleetmeter</h1>
      <span class="state bad">not current</span>
    </header>
    <main>
      <section class="trouble bad" role="alert">
        <h2>There is no current page now</h2>
        <p>${reason}</p>
        <p>
          Until it is known what is current, <code>/metrics</code> answers 503 rather than figures that may be
          old. What is on the log is not lost: it is counted as soon as it can be read.
        </p>
      </section>
    </main>`;
}

function readyBody(
  { summary, pipeline }: Extract<Status, { kind: 'ready' }>,
  nowMs: number,
  asked: Asked,
): Markup {
  const pageTimeMs = Math.min(...summary.pageTimesMs);
  const behind = [...summary.pageTimesMs.entries()].filter(([, timeMs]) => nowMs - timeMs > BEHIND_MS);
  const state =
    behind.length === 0
      ? html`<span class="state good">current</span>`
      : html`<span class="state warn">behind</span>`;
  return html`<header>
      <h1>fleetmeter</h1>
      ${state}
      <span class="as-of"
        >page time ${timeMarkup(pageTimeMs, timeText(pageTimeMs))}, ${agoText(pageTimeMs, nowMs)}</span
      >
    </header>
    ${
      behind.length === 0
        ? NOTHING
        : behindTrouble(
            summary,
            behind.map(([partition]) => partition),
            nowMs - pageTimeMs,
          )
    }
    <main>
      ${summary.projects.length === 0 ? emptyHint(asked) : figures(summary, nowMs, asked)}
      ${pipeline === undefined ? NOTHING : pipelineCard(pipeline, nowMs)}
    </main>`;
}

function behindTrouble({ pageTimesMs }: Summary, behind: readonly number[], byMs: number): Markup {
  const which =
    behind.length === pageTimesMs.length
      ? 'all partitions are'
      : `partition${behind.length === 1 ? '' : 's'} ${behind.join(', ')} (of ${countText(pageTimesMs.length)}) are`;
  return html`<section class="trouble warn" role="alert">
    <h2>The page is ${spanText(byMs)} behind</h2>
    <p>
      Figures of ${which} as they were at an earlier time: an aggregator is still reading what is on the log,
      or none is running for them.
    </p>
  </section>`;
}

function emptyHint({ filter: { project } }: Asked): Markup {
  if (project !== undefined) {
    return html`<section class="card">
      <h2>No project ${nameMarkup(project)}</h2>
      <p>Nothing is known of it. <a href="./">The fleet</a></p>
    </section>`;
  }
  return html`<section class="card">
    <h2>Nothing has happened yet</h2>
    <p>Send events to <code>POST /v1/events</code>, or let <code>fleetmeter demo</code> play a fleet.</p>
  </section>`;
}

function figures(summary: Summary, nowMs: number, asked: Asked): Markup {
  if (asked.job !== undefined) {
    return html`${orphansAlert(summary.running, nowMs)}${jobCard(summary.running, asked.job, nowMs)}`;
  }
  return html`${orphansAlert(summary.running, nowMs)}${filterForm(asked)}${tiles(summary)}
    <div id="charts-here"></div>
    ${runningTables(summary.running, asked, nowMs)} ${projectsTable(summary)}
    <div class="cards">${gpusTable(summary)}${sourcesTable(summary, nowMs)}${heldTable(summary)}</div>`;
}

function tiles({ total }: Summary): Markup {
  const { nanoDollarsPerHour, idleNanoDollarsPerHour, fleetNanoDollars, idleNanoDollars, usageNanoDollars } =
    total;
  const { gpus, gpusInJobs, counts } = total;
  const running = counts.job.get('running') ?? 0;
  return html`<div class="tiles">
    <section class="tile">
      <h2>Spends now</h2>
      <strong>${nanoDollarsText(nanoDollarsPerHour)}<small>/h</small></strong>
      <p>of it idle ${nanoDollarsText(idleNanoDollarsPerHour)}/h</p>
    </section>
    <section class="tile">
      <h2>Cost so far</h2>
      <strong>${nanoDollarsText(fleetNanoDollars)}</strong>
      <p>
        jobs' cost ${nanoDollarsText(usageNanoDollars)}, and volumes besides
        ${nanoDollarsText(total.storageNanoDollars)}
      </p>
    </section>
    <section class="tile">
      <h2>Idle share of cost</h2>
      <strong>${shareText(idleNanoDollars, fleetNanoDollars)}</strong>
      <p>${nanoDollarsText(idleNanoDollars)} while idle</p>
    </section>
    <section class="tile">
      <h2>GPUs in jobs</h2>
      <strong>${countText(gpusInJobs)} <small>of ${countText(gpus)}</small></strong>
      ${barMarkup(gpusInJobs, gpus)}
      <p>${countText(idleGpus(total))} idle</p>
    </section>
    <section class="tile">
      <h2>Jobs running</h2>
      <strong>${countText(running)}</strong>
      <p>${countText(sumOf(counts.job) - running)} waiting, starting or ending</p>
    </section>
  </div>`;
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
