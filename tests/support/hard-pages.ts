/** Pages with what is hard to take for those who read them. */
import { encodeEvent } from '../../events/codec';
import { type Format } from '../../services/page/format';
import { foldLines, pageOf } from './folded';
import { DEFAULT_SETTINGS, linesOf, makeHistory } from './history';
import { jobProvisioned, jobSubmitted, tell } from './told';

const T0 = Date.UTC(2026, 10, 24, 8);
const TEXTS = [
  '\0',
  'a\0b',
  '\r',
  'a\rb\n',
  '\\',
  '\\n',
  '"',
  '{}=,"',
  '\ud800',
  '\ufffd',
  '\u2028',
  '\u0085',
  '\u007f',
  '😀',
  '',
];

/** A job of each text in all of its labels, and an exporter that has it in labels and HELP texts. */
export function textPage(format: Format): string {
  const told = TEXTS.flatMap((text, index) => {
    const id = `j${index}`;
    const more = { project: text, user: text };
    const gpu = {
      run: { id: 'r' },
      job: { id },
      exporter: text,
      families: { [`x_${index}`]: { type: 'gauge', help: text } },
      series: [{ labels: { a: text, b: text }, values: { [`x_${index}`]: index, x_total: index } }],
    };
    return [
      jobSubmitted(id, more),
      jobProvisioned(id, { type: text, name: text, backend: text }),
      { type: 'gpu.sampled', data: gpu },
    ];
  });
  const lines = told.map((each, index) =>
    encodeEvent(
      tell({
        ...each,
        atMs: T0 + index,
        source: `/${(TEXTS[index % TEXTS.length] ?? '').replace(/\p{Cc}/gu, '')}`,
      }),
    ),
  );
  return pageOf(foldLines(lines, DEFAULT_SETTINGS), format);
}

/** Families whose names and types OpenMetrics is particular about, each bare and together. */
export function typePage(format: Format): string {
  const names = [
    'a_total',
    'b',
    'c_info',
    'd_bucket',
    'e_count',
    'f_created',
    'g_total',
    'g_created',
    'h_sum',
    'i_total',
    'j',
  ];
  const types = ['counter', 'gauge', 'info', 'unknown'];
  const told = types.flatMap((type, index) => {
    const id = `j${index}`;
    const renamed = names.map((name) => `${type}_${name}`);
    const gpu = {
      run: { id: 'r' },
      job: { id },
      exporter: 'dcgm',
      families: Object.fromEntries(renamed.map((name) => [name, { type, help: name }])),
      series: [
        {
          labels: { le: 'x', quantile: 'y', job: 'z' },
          values: Object.fromEntries(renamed.map((name) => [name, -1])),
        },
        { labels: { __name__: 'x' }, values: { lost: 1 } },
        {
          labels: {},
          values: { [`${type}_j`]: 1e300, [`${type}_k_total`]: 5e-324, [`${type}_k_created`]: 1 },
        },
      ],
    };
    return [jobSubmitted(id), jobProvisioned(id), { type: 'gpu.sampled', data: gpu }];
  });
  return pageOf(
    foldLines(
      told.map((each) => encodeEvent(tell({ ...each, atMs: T0 }))),
      DEFAULT_SETTINGS,
    ),
    format,
  );
}

export function historyPage(format: Format): string {
  const history = makeHistory(11, 1500);
  return pageOf(foldLines(linesOf(history), history.settings), format);
}
