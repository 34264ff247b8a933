/**
 * What the status page does in a browser that allows scripts: it shows each state as it comes (server-sent
 * events), and the charts. Without it the page is the same, and reloads every few seconds. It is served as it
 * is, so it is written for browsers.
 */
export const SCRIPT = `'use strict';
(() => {
  const live = document.getElementById('live');
  const charts = document.getElementById('charts');
  const FOCUSABLE = 'a, button, input, summary';

  function place() {
    const here = document.getElementById('charts-here');
    if (here === null) return;
    here.replaceWith(charts);
    charts.hidden = false;
  }

  const nameOf = (each) => each.tagName + (each.getAttribute('href') ?? each.textContent);

  /** Keeps what a person is doing: the focus, and what is expanded. */
  function show(markup) {
    const active = document.activeElement;
    if (active !== null && active.tagName === 'INPUT' && live.contains(active)) return;
    const name = active !== null && live.contains(active) ? nameOf(active) : null;
    const open = [...live.querySelectorAll('details')].map((each) => each.open);
    document.body.append(charts);
    charts.hidden = true;
    live.innerHTML = markup;
    place();
    [...live.querySelectorAll('details')].forEach((each, i) => { each.open = open[i] === true; });
    const again = name && [...live.querySelectorAll(FOCUSABLE)].find((each) => nameOf(each) === name);
    if (again) again.focus({ preventScroll: true });
  }

  const source = new EventSource('status/live' + location.search);
  source.addEventListener('page', (event) => show(JSON.parse(event.data)));

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const two = (n) => n.toLocaleString('en-US', { maximumFractionDigits: 2 });

  function draw(id, data, series) {
    const target = document.getElementById(id);
    target.replaceChildren();
    const axis = { stroke: color('--soft'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } };
    new uPlot({
      width: Math.max(240, target.clientWidth), height: 190, cursor: { y: false }, axes: [axis, { ...axis, size: 60 }],
      // At least ten minutes: for a single point uPlot would show years.
      scales: {
        x: { range: (_, from, to) => [Math.min(from, to - 600), to] },
        y: { range: (_, least, most) => [0, Math.max(1, most * 1.05)] },
      },
      series: [{}, ...series.map(([label, variable]) => ({
        label, stroke: color(variable), width: 2, points: { show: data[0].length < 3 }, value: (_, n) => n == null ? '' : two(n),
      }))],
    }, data, target);
  }

  async function refresh() {
    if (charts.hidden) return;
    const project = new URLSearchParams(location.search).get('project');
    const answer = await fetch('status/trend' + (project ? '?project=' + encodeURIComponent(project) : ''));
    if (!answer.ok) return;
    const points = await answer.json();
    const column = (name) => points.map((point) => point[name]);
    const times = points.map((point) => point.timeMs / 1000);
    draw('chart-cost', [times, column('dollarsPerHour'), column('idleDollarsPerHour')], [['$/h', '--calm'], ['idle $/h', '--idle']]);
    draw('chart-gpus', [times, column('gpus'), column('gpusInJobs'), column('gpusUsed')],
      [['GPUs', '--rest'], ['in jobs', '--calm'], ['in use', '--good']]);
    charts.dataset.drawn = 'yes';
  }

  place();
  const again = () => void refresh().catch(() => undefined);
  again();
  setInterval(again, 30000);
  let wait;
  addEventListener('resize', () => { clearTimeout(wait); wait = setTimeout(again, 200); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
})();
`;
