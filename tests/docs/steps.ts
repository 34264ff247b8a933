/**
 * The blocks of a page that a reader runs. The word after a fence's language says how: `server` is started
 * and left running, `run` is run once, `poll` is repeated until its output is what the `output` block after
 * it shows (a `…` stands for anything; without such a block, until it succeeds). Blocks without a word are
 * left out.
 */
import { fences } from './pages';

export interface Step {
  readonly how: 'server' | 'run' | 'poll';
  readonly script: string;
  readonly output: string | null;
}

export function readSteps(text: string): Step[] {
  const blocks = fences(text);
  return blocks.flatMap(({ info, code }, index) => {
    const how = info.replace(/^sh /, '');
    if (how !== 'server' && how !== 'run' && how !== 'poll') return [];
    const next = blocks[index + 1];
    return [{ how, script: code, output: next?.info === 'text output' ? next.code : null }];
  });
}

/** Whether the output has these lines, all of them and in order. */
export function shows(output: string, expected: string): boolean {
  const escaped = expected.trimEnd().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('…', '[^\\n]*')}\\s*$`).test(output);
}
