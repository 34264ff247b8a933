import { createHash } from 'node:crypto';
import type { Markup } from './html';

/**
 * The page's only style sheet, inline, so that the page needs nothing else; the policy allows this very text
 * and no other.
 */
const STYLE = `
:root {
  color-scheme: light dark;
  --back: #f4f6f8; --card: #fff; --ink: #18202b; --soft: #566070; --line: #e0e5eb; --link: #1d5fd1;
  --good: #12713f; --warn: #935d00; --bad: #b92c23; --calm: #2c6be0; --idle: #c77f06; --rest: #8791a0;
  --good-back: #e4f5eb; --warn-back: #fdf1dc; --bad-back: #fce8e6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #10141a; --card: #181d25; --ink: #e8ecf1; --soft: #9ba6b5; --line: #2a323d; --link: #82aefc;
    --good: #54cf8d; --warn: #f2b650; --bad: #ff8a80; --calm: #6c9df8; --idle: #eba937; --rest: #6d7786;
    --good-back: #14301f; --warn-back: #35280f; --bad-back: #3b1b19;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0; padding: 24px clamp(12px, 3vw, 40px) 32px; background: var(--back); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; font-variant-numeric: tabular-nums;
}
body > * { max-width: 1480px; margin-inline: auto; }
main { display: block; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 14px; margin-bottom: 18px; }
h1 { margin: 0; font-size: 21px; letter-spacing: -0.01em; }
h2 { margin: 0 0 10px; font-size: 15px; }
p { margin: 0; }
a { color: var(--link); }
.as-of { color: var(--soft); }
.state { padding: 2px 11px; border-radius: 99px; font-size: 13px; font-weight: 600; }
.state::before {
  content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 7px;
  border-radius: 50%; background: currentColor;
}
.good { color: var(--good); background: var(--good-back); }
.warn { color: var(--warn); background: var(--warn-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.trouble { margin-bottom: 18px; padding: 14px 18px; border: 1px solid currentColor; border-radius: 10px; }
.trouble h2 { margin-bottom: 4px; font-size: 16px; }
.trouble p { color: var(--ink); overflow-wrap: anywhere; }
.trouble p + p { margin-top: 6px; }
.tiles, .cards { gap: 14px; margin-bottom: 14px; }
.tiles { display: flex; flex-wrap: wrap; }
.tile { flex: 1 1 160px; min-width: min-content; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(380px, 100%), 1fr)); align-items: start; }
.tile, .card { padding: 14px 18px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.card { min-width: 0; margin-bottom: 14px; overflow-x: auto; }
.cards > .card { margin-bottom: 0; }
.tile h2 { margin: 0; color: var(--soft); font-size: 13px; font-weight: 500; }
.tile strong { display: block; font-size: 25px; line-height: 1.3; letter-spacing: -0.02em; white-space: nowrap; }
.tile strong small { font-size: 15px; font-weight: 500; color: var(--soft); letter-spacing: 0; }
.tile p, .note { color: var(--soft); font-size: 13px; }
.note { margin-top: 8px; }
table { width: 100%; border-collapse: collapse; }
th { color: var(--soft); font-size: 13px; font-weight: 500; text-align: left; vertical-align: bottom; }
th, td { padding: 7px 10px; border-top: 1px solid var(--line); }
td { vertical-align: baseline; }
thead th { padding-top: 0; border-top: 0; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
th.n, td.n { text-align: right; white-space: nowrap; }
tr.all td { font-weight: 600; }
.name {
  display: -webkit-box; overflow: hidden; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
  overflow-wrap: anywhere; text-align: left;
}
td > .name { min-width: 7em; }
.wide td > .name { min-width: 10em; }
.nameless, .none { color: var(--soft); font-weight: 400; }
.bar { display: block; width: 92px; height: 5px; margin: 4px 0 0 auto; border-radius: 3px; background: var(--line); }
.bar rect { fill: var(--good); }
.tile .bar { width: 100%; height: 7px; margin: 5px 0 6px; }
.counts { display: flex; flex-wrap: wrap; gap: 1px 13px; margin: 0; padding: 0; list-style: none; font-weight: 400; }
.counts li { white-space: nowrap; }
.counts li::before {
  content: ""; display: inline-block; width: 7px; height: 7px; margin-right: 5px;
  border-radius: 2px; background: var(--rest); vertical-align: 1px;
}
.counts b { font-weight: 600; }
.counts .busy::before, .counts .running::before { background: var(--good); }
.counts .idle::before { background: var(--idle); }
.counts .provisioning::before, .counts .pulling::before { background: var(--calm); }
form.filter { display: flex; flex-wrap: wrap; align-items: end; gap: 8px 14px; margin: 0 0 14px; font-size: 13px; color: var(--soft); }
.filter input { display: block; width: 150px; padding: 5px 8px; border: 1px solid var(--rest); border-radius: 6px; background: var(--card); color: var(--ink); font: inherit; }
.filter button { padding: 6px 14px; border: 1px solid var(--rest); border-radius: 6px; background: var(--card); color: var(--ink); font: inherit; cursor: pointer; }
:focus-visible { outline: 2px solid var(--calm); outline-offset: 2px; }
.trouble ul { margin: 8px 0 0; padding-left: 20px; color: var(--ink); }
.trouble .name { display: inline; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(260px, 100%), 1fr)); gap: 12px 28px; margin: 0; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; overflow-wrap: anywhere; }
h2 .name { display: inline; }
#charts, #charts .card { min-width: 0; }
.u-legend { font-size: 13px; }
summary { margin-top: 8px; cursor: pointer; color: var(--soft); font-size: 13px; }
footer { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 22px; color: var(--soft); font-size: 13px; }
@media (max-width: 1250px) {
  .wide thead { display: none; }
  .wide, .wide tr, .wide td { display: block; }
  .wide tbody { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)); gap: 0 32px; }
  .wide tr { padding: 9px 0; border-top: 1px solid var(--line); }
  .wide td, .wide td.n {
    display: grid; grid-template-columns: 108px minmax(0, 1fr); gap: 10px;
    padding: 2px 0; border: 0; text-align: left; white-space: normal;
  }
  .wide td::before { content: attr(data-label); color: var(--soft); font-size: 13px; font-weight: 400; }
  .wide td:first-child { display: block; padding-bottom: 4px; font-weight: 600; }
  .wide td:first-child::before { content: none; }
  .wide .bar { width: 180px; margin-left: 0; }
}
`;

/** The hash is of exactly the text between the tags. */
export const STYLE_ELEMENT: Markup = { markup: `<style>${STYLE}</style>` };

/** Of the style sheet, as written in a Content-Security-Policy. */
export const STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;
