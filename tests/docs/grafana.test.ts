/** The dashboards are what their source makes, hang together, and ask what Prometheus understands. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { stringify } from 'yaml';
import { dashboardFiles } from '../../docs/grafana/source/index';
import { provide } from '../support/provide';
import { asked, readDashboards } from './dashboards';

const files = readDashboards();
const uids = files.map(({ dashboard }) => dashboard.uid);

test('are what `npm run dashboards` makes of docs/grafana/source', () => {
  expect(new Map(files.map(({ name, text }) => [name, text]))).toEqual(
    new Map([...dashboardFiles()].sort(([a], [b]) => (a < b ? -1 : 1))),
  );
});

test('each has a name of its own', () => {
  expect(files.length).toBeGreaterThan(4);
  expect(new Set(uids).size).toBe(files.length);
});

describe.each(files)('$name', ({ text, dashboard }) => {
  const { panels, templating } = dashboard;

  test('every expression parses, and knows its variables', async () => {
    const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(exprs.length).toBeGreaterThan(0);
    const declared = new Set(templating.list.map(({ name }) => name));
    const used = exprs
      .flatMap((expr) => [...expr.matchAll(/\$(\w+)/g)].map((match) => match[1] ?? ''))
      .filter((name) => !['__rate_interval', '__range'].includes(name));
    expect(used.filter((name) => !declared.has(name))).toEqual([]);

    const rules = exprs.map((expr, index) => ({
      record: `panel:expression:${index}`,
      expr: asked(expr, { rate: '1m', range: '6h' }),
    }));
    const folder = mkdtempSync(join(tmpdir(), 'fleetmeter-dashboard-'));
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups: [{ name: 'dashboard', rules }] }));
    const [command, ...first] = (await provide('promtool')).argv;
    const { status, stdout, stderr } = spawnSync(
      command,
      [...first, 'check', 'rules', join(folder, 'rules.yml')],
      { encoding: 'utf8' },
    );
    rmSync(folder, { recursive: true });
    expect({ status, output: stdout + stderr }).toEqual({
      status: 0,
      output: expect.stringContaining('SUCCESS') as string,
    });
  }, 120_000);

  test('no panel covers another, none is wider than the grid, each has a number', () => {
    const cells = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      expect({ title, right: gridPos.x + gridPos.w <= 24 }).toEqual({ title, right: true });
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(cells.get(`${x},${y}`)).toBeUndefined();
          cells.set(`${x},${y}`, title);
        }
      }
    }
    expect(panels.map(({ id }) => id)).toEqual(panels.map((_, index) => index + 1));
  });

  test('links lead to dashboards that are there, and set variables that they have', () => {
    const wrong = [...text.matchAll(/"url": "\/d\/([\w-]+)\?([^"]*)"/g)].flatMap(
      ([, uid = '', query = '']) => {
        const target = files.find(({ dashboard: other }) => other.uid === uid);
        if (target === undefined) return [uid];
        const names = target.dashboard.templating.list.map(({ name }) => name);
        const set = [...query.matchAll(/var-(\w+)=/g)].map((match) => match[1] ?? '');
        return set.filter((name) => !names.includes(name)).map((name) => `${uid}: ${name}`);
      },
    );
    expect(wrong).toEqual([]);
  });
});
