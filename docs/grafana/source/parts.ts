/**
 * What the dashboards are put together from, on Grafana's own typed builders: its schema is checked by the
 * compiler.
 */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  FieldColorBuilder,
  FieldColorModeId,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type {
  Dashboard,
  DashboardLink,
  DynamicConfigValue,
  Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const TAG = 'fleetmeter';
/** Of Grafana's grid, which is 24 wide. */
const HEIGHT = { stat: 4, chart: 8, table: 10 };

/** One query with the legend of its series, or several. */
type Queries = readonly (readonly [expr: string, legend: string])[];

export interface Chart {
  readonly title: string;
  readonly about: string;
  /** Grafana's name of it: `currencyUSD`, `percentunit`, `celsius`, … */
  readonly unit: string;
  readonly width: number;
  readonly queries: Queries;
  readonly stacked?: boolean;
  /** Top of the axis where the unit has one. */
  readonly max?: number;
  /** Where a click on a series leads: see link(). */
  readonly links?: readonly Builder<DashboardLink>[];
}

export function chart({ title, about, unit, width, queries, stacked = false, max, links = [] }: Chart) {
  const panel = new TimeseriesBuilder()
    .title(title)
    .description(about)
    .datasource(DATASOURCE)
    .unit(unit)
    .min(0)
    .span(width)
    .height(HEIGHT.chart)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .fillOpacity(stacked ? 35 : 8)
    .lineWidth(1)
    .showPoints(VisibilityMode.Never)
    .stacking(new StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .targets(queries.map(([expr, legend], index) => query(index, expr).legendFormat(legend).range()));
  if (max !== undefined) panel.max(max);
  if (links.length > 0) panel.dataLinks([...links]);
  return panel;
}

export interface Stat {
  readonly title: string;
  readonly about: string;
  readonly unit: string;
  readonly width: number;
  readonly expr: string;
  readonly decimals?: number;
  /** From this value on it is shown in red. */
  readonly bad?: number;
}

export function stat({ title, about, unit, width, expr, decimals, bad }: Stat) {
  const panel = new StatBuilder()
    .title(title)
    .description(about)
    .datasource(DATASOURCE)
    .unit(unit)
    .noValue('–')
    .span(width)
    .height(HEIGHT.stat)
    .graphMode(BigValueGraphMode.None)
    .colorMode(bad === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false))
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps([
          { color: 'text', value: null },
          ...(bad === undefined ? [] : [{ color: 'red', value: bad }]),
        ]),
    )
    .withTarget(query(0, expr).instant());
  if (decimals !== undefined) panel.decimals(decimals);
  return panel;
}

export interface Table {
  readonly title: string;
  readonly about: string;
  readonly width: number;
  readonly expr: string;
  /** Label to heading, in the order of the columns; other labels are left out. */
  readonly columns: Readonly<Record<string, string>>;
  readonly value: { readonly heading: string; readonly unit: string };
  /** Where a click on a cell of that heading leads. */
  readonly links?: Readonly<Record<string, Builder<DashboardLink>>>;
}

export function table({ title, about, width, expr, columns, value, links = {} }: Table) {
  const labels = Object.keys(columns);
  const panel = new TableBuilder()
    .title(title)
    .description(about)
    .datasource(DATASOURCE)
    .noValue('–')
    .span(width)
    .height(HEIGHT.table)
    .withTarget(query(0, expr).instant().format(PromQueryFormat.Table))
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: {},
        includeByName: Object.fromEntries([...labels, 'Value'].map((label) => [label, true])),
        indexByName: Object.fromEntries([...labels, 'Value'].map((label, index) => [label, index])),
        renameByName: { ...columns, Value: value.heading },
      },
    })
    .overrideByName(value.heading, [{ id: 'unit', value: value.unit }]);
  for (const [heading, target] of Object.entries(links)) {
    const property: DynamicConfigValue = { id: 'links', value: [target.build()] };
    panel.overrideByName(heading, [property]);
  }
  return panel;
}

function query(index: number, expr: string): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .datasource(DATASOURCE)
    .expr(expr);
}

/**
 * To another of the dashboards, with its variables set from what was clicked: variable to Grafana's
 * expression for the value, such as `${__field.labels.dstack_project_name}` on a series and
 * `${__data.fields.Project}` in a table.
 */
export function link(title: string, uid: string, variables: Readonly<Record<string, string>>) {
  const set = Object.entries(variables).map(([name, value]) => `var-${name}=${value}`);
  const url = `/d/${uid}?${[...set, '${datasource:queryparam}', '${__url_time_range}'].join('&')}`;
  return new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url);
}

export interface Variable {
  readonly name: string;
  readonly label: string;
  /** `label_values(series, label)`. */
  readonly query: string;
  /** Several at a time, and all of them at first. */
  readonly all?: boolean;
}

export interface Section {
  /** None for what stands at the top. */
  readonly title?: string;
  readonly panels: readonly Builder<Panel>[];
}

export interface DashboardSource {
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly variables: readonly Variable[];
  readonly sections: readonly Section[];
}

export function dashboard({ uid, title, about, variables, sections }: DashboardSource): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(about)
    .tags([TAG, 'gpu'])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .link(
      new DashboardLinkBuilder('fleetmeter')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const variable of variables) builder.withVariable(queryVariable(variable));
  for (const section of sections) {
    if (section.title !== undefined) builder.withRow(new RowBuilder(section.title));
    for (const panel of section.panels) builder.withPanel(panel);
  }
  const built = builder.build();
  // Grafana asks for a number of each; where they stand decides it, so that the same source gives the same
  // file.
  built.panels?.forEach((panel, index) => (panel.id = index + 1));
  return built;
}

function queryVariable({ name, label, query: definition, all = false }: Variable): QueryVariableBuilder {
  const variable = new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ query: definition, refId: name })
    .definition(definition)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
  return all
    ? variable
        .multi(true)
        .includeAll(true)
        .allValue('.*')
        .current({ text: ['All'], value: ['$__all'] })
    : variable;
}
